import Core
import Linux
import Model

/// One round after the other: compares the parts of the host with the desired rows and applies the difference.
///
/// Lives on the plane's thread.
final class HostWorker {
    private let kernel: Kernel
    private let pods: PodLinks
    private let uplinks: UplinkPart
    private let forwarding: ForwardingPart
    private let netfilter: NetfilterTables
    private var desired = DesiredTable()
    private(set) var rows = HostRows()
    private var standings: Standings = [:]
    /// Rows that changed since the last round.
    private var touched: Set<RowID> = []
    private(set) var isStarted = false
    private var hasLookedAtAll = false

    init(ovsDirectory: String, carriers: [RowID: UplinkPart.Carrier], writes: WriteCounter) throws {
        kernel = try Kernel(writes: writes)
        pods = PodLinks(kernel)
        uplinks = UplinkPart(kernel, carriers)
        forwarding = ForwardingPart(directory: ovsDirectory, writes: writes)
        netfilter = try NetfilterTables(writes: writes)
    }

    /// Whether something is refused, so that a new attempt soon makes sense. What waits is woken by events.
    var hasRefusedRows: Bool { standings.values.contains { $0.words != nil } }

    /// Takes news of the machine; says which parts it concerns.
    func take(_ events: HostEvents) throws(SystemError) -> HostParts {
        let (parts, links) = try events.take(rows, kernel)
        return parts.union(rows.parts(onLinks: links)).union(uplinks.carries(links) ? .uplinks : [])
    }

    /// Takes a delta in; says which parts it concerns.
    func take(_ delta: Delta) -> HostParts {
        desired.apply(delta)
        var parts: HostParts = isStarted ? [] : .all
        isStarted = true
        for change in delta.rows {
            rows.set(change.row, desired[change.row])
            touched.insert(change.row)
            if desired[change.row] == nil {
                standings[change.row] = nil
                if change.row.table == PodLink.table { pods.forget(change.row) }
            }
            if let part = HostRows.part(of: change.row.table) { parts.insert(part) }
        }
        return parts
    }

    struct Result {
        var refused: [RowID: String]
        /// Rows that were in force and that somebody had changed.
        var repaired: [RowID]
        /// All rows for which something had to be written.
        var written: [RowID]
    }

    /// One round over these parts. `thorough` looks also where no news comes from: into netfilter.
    func round(_ parts: HostParts, thorough: Bool) -> Result {
        if thorough { kernel.forget() }
        // What cannot be read is told by the parts that want it.
        try? kernel.beginRound()
        if thorough || parts.contains(.netfilterLost) { netfilter.distrust() }
        var new: Standings = [:]
        func look<R: HostRow>(
            _ part: HostParts, _ rows: [RowID: R], _ ensure: ([RowID: R]) throws -> Standings
        ) {
            guard parts.contains(part) else { return }
            do { new.merge(try ensure(rows)) { $1 } } catch {
                new.merge(rows.mapValues { _ in .refused("\(error)") }) { $1 }
            }
        }
        look(.pods, rows.pods) { _ in try podRound() }
        // Before a link comes up or addresses move, its frames must be kept from the host's stack.
        let unguarded = parts.isDisjoint(with: [.links, .uplinks]) ? [:] : guardUplinks()
        look(.links, rows.links) { try LinkSettingsPart(kernel: kernel).ensure($0, guardFailures: unguarded) }
        look(.uplinks, rows.uplinks) { try uplinks.ensure($0, guardFailures: unguarded) }
        let addresses = AddressPart(kernel: kernel)
        let routes = RoutePart(kernel: kernel)
        look(.settings, rows.settings) { LinkSettingsPart(kernel: kernel).ensure($0) }
        look(.addresses, rows.addresses) { try addresses.ensure($0) }
        look(.neighbours, rows.neighbours) { try addresses.ensure($0) }
        look(.routes, rows.routes) { try routes.ensure($0) }
        look(.rules, rows.rules) { try routes.ensure($0) }
        if parts.contains(.netfilter) || netfilterConcerned { new.merge(netfilterRound()) { $1 } }
        look(.forwarding, rows.forwarding) { try forwarding.ensure($0) }
        hasLookedAtAll = hasLookedAtAll || parts == .all
        return settle(new)
    }

    private func netfilterRound() -> Standings {
        do {
            return try netfilter.reconcile(rows, wanted: try guarded(), present: Set(try kernel.links().keys))
        } catch {
            let all = Array(rows.chains.keys) + Array(rows.sets.keys)
            return Dictionary(all.map { ($0, .refused("\(error)")) }) { first, _ in first }
        }
    }

    /// A device no longer needs its ingress drop, or is gone: its chain goes too.
    private var netfilterConcerned: Bool {
        guard let guarded = try? guarded() else { return true }
        return Set(guarded.map(\.name)) != netfilter.guardedNames
    }

    /// At start all pods, and after that those that have changed, are refused, or are not right as seen from outside:
    /// what a pod does inside is its own affair.
    private func podRound() throws -> Standings {
        _ = try pods.removeStale(rows.pods.values)
        let due = try rows.pods.filter { row, link in
            if !hasLookedAtAll || touched.contains(row) { return true }
            if standings[row]?.words != nil { return true }
            return try !pods.isHostEndRight(link)
        }
        return pods.ensure(due.sorted { $0.key < $1.key }) { devices in
            do { return try netfilter.guardDevices(devices) } catch {
                return Dictionary(devices.map { ($0.name, "\(error)") }) { first, _ in first }
            }
        }
    }

    private var uplinkNames: [String] {
        rows.links.values.filter { $0.ingressDrop == true }.map(\.device)
            + rows.uplinks.values.filter(\.ingressDrop).map(\.nic)
    }

    private func devices(_ names: [String]) throws -> [IngressDevice] {
        let links = try kernel.links()
        return names.compactMap { name in
            links[name].map { IngressDevice(name: name, index: $0.index, isNew: false) }
        }
    }

    /// Puts the ingress drops of NICs in place; says what failed, by device.
    private func guardUplinks() -> [String: String] {
        do { return try netfilter.guardDevices(try devices(uplinkNames)) } catch {
            return Dictionary(uplinkNames.map { ($0, "\(error)") }) { first, _ in first }
        }
    }

    /// All devices that are there and whose frames the host's stack shall not see.
    private func guarded() throws -> Set<IngressDevice> {
        Set(try devices(uplinkNames + rows.pods.values.filter(\.ingressDrop).map(\.hostInterface)))
    }

    private func settle(_ new: Standings) -> Result {
        var repaired: [RowID] = []
        for (row, standing) in new {
            let old = standings[row]
            if standing == .written, old == .right || old == .written, !touched.contains(row) { repaired.append(row) }
            standings[row] = standing
            // Of a row that is gone counts only what it cannot take away.
            if desired[row] == nil, standing.words == nil { standings[row] = nil }
        }
        touched = []
        var refused = rows.malformed
        for (row, standing) in standings {
            if let words = standing.words, refused[row] == nil { refused[row] = words }
        }
        let written = new.filter { $0.value == .written }.keys.sorted()
        return Result(refused: refused, repaired: repaired.sorted(), written: written)
    }
}
