import Core
import Model

/// The desired rows of the host plane, each kind apart.
struct HostRows {
    var pods: [RowID: PodLink] = [:]
    var links: [RowID: HostLink] = [:]
    var uplinks: [RowID: BridgedUplink] = [:]
    var settings: [RowID: Sysctl] = [:]
    var addresses: [RowID: HostAddress] = [:]
    var neighbours: [RowID: HostNeighbour] = [:]
    var routes: [RowID: HostRoute] = [:]
    var rules: [RowID: HostRule] = [:]
    var chains: [RowID: NetfilterChain] = [:]
    var sets: [RowID: NetfilterSet] = [:]
    var forwarding: [RowID: ForwardingEntry] = [:]
    /// Rows that cannot be read, with the reason.
    private(set) var malformed: [RowID: String] = [:]

    /// Which part of the plane a table belongs to; nil for a table that the plane does not know.
    static func part(of table: Table) -> HostParts? {
        switch table {
        case PodLink.table: .pods
        case HostLink.table: .links
        case BridgedUplink.table: .uplinks
        case Sysctl.table: .settings
        case HostAddress.table: .addresses
        case HostNeighbour.table: .neighbours
        case HostRoute.table: .routes
        case HostRule.table: .rules
        case NetfilterChain.table, NetfilterSet.table: .netfilter
        case ForwardingEntry.table: .forwarding
        default: nil
        }
    }

    /// The parts that news of these links may concern. That of pods, by far the most frequent, concerns little else.
    func parts(onLinks names: Set<String>) -> HostParts {
        var parts: HostParts = names.isEmpty ? [] : .pods
        func concerns(_ part: HostParts, _ devices: some Sequence<String?>) {
            if !parts.contains(part), devices.contains(where: { $0.map(names.contains) ?? false }) {
                parts.insert(part)
            }
        }
        concerns(.links, links.values.lazy.map(\.device))
        concerns(.uplinks, uplinks.values.flatMap { [$0.nic, $0.bridge] })
        concerns(.addresses, addresses.values.lazy.map(\.device))
        concerns(.neighbours, neighbours.values.lazy.map(\.device))
        concerns(.routes, routes.values.lazy.map(\.device))
        concerns(.netfilter, chains.values.lazy.map { $0.hook?.device })
        concerns(.settings, settings.values.lazy.flatMap { $0.path.split(separator: "/").map(String.init) })
        return parts
    }

    /// Takes the content of a row, nil when the row is gone.
    mutating func set(_ row: RowID, _ content: RowContent?) {
        malformed[row] = nil
        switch row.table {
        case PodLink.table: update(\.pods, row, content)
        case HostLink.table: update(\.links, row, content)
        case BridgedUplink.table: update(\.uplinks, row, content)
        case Sysctl.table: update(\.settings, row, content)
        case HostAddress.table: update(\.addresses, row, content)
        case HostNeighbour.table: update(\.neighbours, row, content)
        case HostRoute.table: update(\.routes, row, content)
        case HostRule.table: update(\.rules, row, content)
        case NetfilterChain.table: update(\.chains, row, content)
        case NetfilterSet.table: update(\.sets, row, content)
        case ForwardingEntry.table: update(\.forwarding, row, content)
        default: malformed[row] = content == nil ? nil : "the host plane has no table \(row.table.name)"
        }
    }

    private mutating func update<R: HostRow>(
        _ rows: WritableKeyPath<HostRows, [RowID: R]>, _ row: RowID, _ content: RowContent?
    ) {
        guard let content else {
            self[keyPath: rows][row] = nil
            return
        }
        do {
            self[keyPath: rows][row] = try R(reading: RowReader(table: row.table, content: content))
        } catch {
            // What was in force stays in force.
            malformed[row] = error.description
        }
    }
}

/// The parts of the host that a round looks at.
struct HostParts: OptionSet {
    let rawValue: Int
    static let pods = HostParts(rawValue: 1)
    static let links = HostParts(rawValue: 2)
    static let uplinks = HostParts(rawValue: 4)
    static let settings = HostParts(rawValue: 8)
    static let addresses = HostParts(rawValue: 16)
    static let neighbours = HostParts(rawValue: 32)
    static let routes = HostParts(rawValue: 64)
    static let rules = HostParts(rawValue: 128)
    static let netfilter = HostParts(rawValue: 256)
    static let forwarding = HostParts(rawValue: 512)

    /// Somebody has removed something from the packet filter: what was known of it is not to be trusted.
    static let netfilterLost = HostParts(rawValue: 1024)

    static let all = HostParts(rawValue: 1023)
    /// What a link that comes, goes or changes may concern.
    static let onLinks: HostParts = [.pods, .links, .uplinks, .settings, .addresses, .neighbours, .routes, .netfilter]
    /// What is cheap enough to be tried again every second while something is refused.
    static let cheap: HostParts = [.pods, .links, .uplinks, .settings, .addresses, .neighbours, .routes, .rules]
}
