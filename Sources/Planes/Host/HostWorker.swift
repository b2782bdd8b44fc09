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

    init(ovsDirectory: String, writes: WriteCounter) throws {
        kernel = try Kernel(writes: writes)
        pods = PodLinks(kernel)
        uplinks = UplinkPart(kernel)
        forwarding = ForwardingPart(directory: ovsDirectory, writes: writes)
        netfilter = try NetfilterTables(writes: writes)
    }

    /// Whether something is refused or waits, so that a new attempt soon makes sense.
    var hasOpenRows: Bool { standings.values.contains { $0 != .right && $0 != .written } }

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
    }

    /// One round over these parts. `thorough` looks also where no news comes from: into netfilter.
    func round(_ parts: HostParts, thorough: Bool) throws -> Result {
        kernel.forget()
        if thorough { netfilter.distrust() }
        var new: Standings = [:]
        if parts.contains(.pods) { new.merge(try podRound(all: thorough || parts == .all)) { $1 } }
        if parts.contains(.links) || parts.contains(.uplinks) {
            let failures = try guardUplinks()
            new.merge(try LinkSettingsPart(kernel: kernel).ensure(rows.links, guardFailures: failures)) { $1 }
            new.merge(try uplinks.ensure(rows.uplinks, guardFailures: failures)) { $1 }
        }
        let links = LinkSettingsPart(kernel: kernel)
        if parts.contains(.settings) { new.merge(links.ensure(rows.settings)) { $1 } }
        let addresses = AddressPart(kernel: kernel)
        if parts.contains(.addresses) { new.merge(try addresses.ensure(rows.addresses)) { $1 } }
        if parts.contains(.neighbours) { new.merge(try addresses.ensure(rows.neighbours)) { $1 } }
        let routes = RoutePart(kernel: kernel)
        if parts.contains(.routes) { new.merge(try routes.ensure(rows.routes)) { $1 } }
        if parts.contains(.rules) { new.merge(try routes.ensure(rows.rules)) { $1 } }
        if parts.contains(.netfilter) || netfilterConcerned {
            let result = try netfilter.reconcile(
                rows, wanted: try guarded(), present: Set(try kernel.links().keys))
            new.merge(result.rows) { $1 }
        }
        if parts.contains(.forwarding) { new.merge(try forwarding.ensure(rows.forwarding)) { $1 } }
        return settle(new)
    }

    /// A device with an ingress drop is gone from the rows: its chain goes too.
    private var netfilterConcerned: Bool {
        touched.contains { row in
            [PodLink.table, HostLink.table, BridgedUplink.table].contains(row.table)
                && (desired[row] == nil || row.table != PodLink.table)
        }
    }

    private func podRound(all: Bool) throws -> Standings {
        _ = try pods.removeStale(rows.pods.values)
        let due = try rows.pods.filter { row, link in
            if all || touched.contains(row) { return true }
            if case .refused = self.standings[row] { return true }
            return try !pods.isHostEndRight(link)
        }
        var failure: (any Error)?
        let result = pods.ensure(due.sorted { $0.key < $1.key }) { devices in
            do { return try netfilter.guardDevices(devices) } catch {
                failure = error
                return Dictionary(devices.map { ($0.name, "\(error)") }) { first, _ in first }
            }
        }
        if let failure, result.isEmpty { throw failure }
        return result
    }

    /// The ingress drops of NICs, before anything comes up or moves.
    private func guardUplinks() throws -> [String: String] {
        let names =
            rows.links.values.filter { $0.ingressDrop == true }.map(\.device)
            + rows.uplinks.values.filter(\.ingressDrop).map(\.nic)
        let links = try kernel.links()
        let devices = names.compactMap { name in
            links[name].map { IngressDevice(name: name, index: $0.index, isNew: false) }
        }
        return try netfilter.guardDevices(devices)
    }

    /// All devices that are there and whose frames the host's stack shall not see.
    private func guarded() throws -> Set<IngressDevice> {
        let names =
            rows.links.values.filter { $0.ingressDrop == true }.map(\.device)
            + rows.uplinks.values.filter(\.ingressDrop).map(\.nic)
            + rows.pods.values.filter(\.ingressDrop).map(\.hostInterface)
        let links = try kernel.links()
        return Set(
            names.compactMap { name in
                links[name].map { IngressDevice(name: name, index: $0.index, isNew: false) }
            })
    }

    private func settle(_ new: Standings) -> Result {
        var repaired: [RowID] = []
        for (row, standing) in new {
            let old = standings[row]
            if standing == .written, old == .right || old == .written, !touched.contains(row) { repaired.append(row) }
            standings[row] = standing
        }
        touched = []
        var refused = rows.malformed
        for (row, standing) in standings {
            if case .refused(let words) = standing, refused[row] == nil { refused[row] = words }
        }
        return Result(refused: refused, repaired: repaired.sorted())
    }
}
