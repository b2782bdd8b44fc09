import Core
import Linux
import Model

/// Keeps the program's tables of netfilter as the rows say.
///
/// The rows are first loaded into an empty namespace of the plane's own. There `nft` checks them, and its listing is
/// what the real tables are compared with: the two are written by the same hand, so equal means equal.
final class NetfilterTables {
    private let draft: NetfilterRuleset
    private let real: NetfilterRuleset
    private var rows = HostRows()
    private var draftFailures: [NetfilterName: String] = [:]
    private var devices: Set<IngressDevice> = []
    private var isListed = false
    private var isDrafted = false

    init(writes: WriteCounter) throws {
        draft = NetfilterRuleset(in: try NetworkNamespace.anonymous())
        real = NetfilterRuleset(writes: writes)
    }

    /// The devices with an ingress drop in force.
    var guardedNames: Set<String> { Set(devices.map(\.name)) }

    /// Forgets what is known of the real tables, so that the next round lists them.
    func distrust() { isListed = false }

    /// Puts the ingress drop of devices in place, apart from everything else: pods wait for it. Says what failed.
    func guardDevices(_ added: [IngressDevice]) throws -> [String: String] {
        let fresh = added.filter { device in
            device.isNew || !devices.contains { $0.name == device.name && $0.index == device.index }
        }
        if fresh.isEmpty { return [:] }
        try listOnce()
        var wanted = real.state
        for device in fresh {
            wanted[.netdev, default: NetfilterState()].chains[device.chain.name] = .init(
                hook: IngressDevice.hook(device.name), rules: [])
        }
        let result = try real.apply(wanted, renewed: renewed(fresh))
        var failures: [String: String] = [:]
        for device in fresh {
            if let failure = result.failures[device.chain] {
                failures[device.name] = failure
            } else {
                devices = devices.filter { $0.name != device.name }
                devices.insert(IngressDevice(name: device.name, index: device.index, isNew: false))
            }
        }
        return failures
    }

    /// A device of the same name with another index is another device: its chain has to be made again.
    private func renewed(_ wanted: some Collection<IngressDevice>) -> Set<NetfilterName> {
        let known = Dictionary(devices.map { ($0.name, $0.index) }) { first, _ in first }
        return Set(wanted.filter { $0.isNew || (known[$0.name] ?? $0.index) != $0.index }.map(\.chain))
    }

    private func listOnce() throws {
        if isListed { return }
        try real.list()
        isListed = true
    }

    /// Compares and applies. `wanted` are the devices with an ingress drop that are there now, `present` the names of
    /// all devices. Returns how the rows stand.
    func reconcile(
        _ rows: HostRows, wanted: Set<IngressDevice>, present: Set<String>
    ) throws -> Standings {
        try drafted(rows)
        try listOnce()
        var target = draft.state
        var waiting: Set<NetfilterName> = []
        for row in rows.chains.values {
            guard target[row.family]?.chains[row.name] != nil else { continue }
            if let device = row.hook?.device, !present.contains(device) {
                target[row.family]?.chains[row.name] = nil
                waiting.insert(row.netfilterName)
            } else {
                target[row.family]?.chains[row.name]?.hook = row.hook
            }
        }
        for device in wanted {
            target[.netdev, default: NetfilterState()].chains[device.chain.name] = .init(
                hook: IngressDevice.hook(device.name), rules: [])
        }
        let result = try real.apply(target, renewed: renewed(wanted))
        devices = Set(
            wanted.filter { result.failures[$0.chain] == nil }
                .map { IngressDevice(name: $0.name, index: $0.index, isNew: false) })
        if !result.failures.isEmpty { isListed = false }
        return standings(rows, result.written, result.failures, waiting)
    }

    private func standings(
        _ rows: HostRows, _ written: Set<NetfilterName>, _ failures: [NetfilterName: String],
        _ waiting: Set<NetfilterName>
    ) -> Standings {
        var standings: Standings = [:]
        let names =
            rows.chains.map { ($0.key, $0.value.netfilterName) } + rows.sets.map { ($0.key, $0.value.netfilterName) }
        for (row, name) in names {
            if let failure = draftFailures[name] ?? failures[name] {
                standings[row] = .refused(failure)
            } else if waiting.contains(name) {
                standings[row] = .waiting
            } else {
                standings[row] = written.contains(name) ? .written : .right
            }
        }
        return standings
    }

    /// Loads the rows into the draft when they have changed.
    private func drafted(_ rows: HostRows) throws {
        if isDrafted, rows.chains == self.rows.chains, rows.sets == self.rows.sets { return }
        var wanted: [NetfilterFamily: NetfilterState] = [:]
        for row in rows.sets.values {
            wanted[row.family, default: NetfilterState()].sets[row.name] = .init(
                type: row.type, interval: row.interval, elements: Set(row.elements ?? []))
        }
        for row in rows.chains.values {
            let rules = row.rules.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            wanted[row.family, default: NetfilterState()].chains[row.name] = .init(
                hook: nil, rules: rules.filter { !$0.isEmpty && !$0.hasPrefix("#") })
        }
        draftFailures = try draft.apply(wanted).failures
        try draft.list()
        self.rows = rows
        isDrafted = true
    }
}

extension NetfilterChain {
    fileprivate var netfilterName: NetfilterName { NetfilterName(family: family, name: name) }
}

extension NetfilterSet {
    fileprivate var netfilterName: NetfilterName { NetfilterName(family: family, name: name) }
}
