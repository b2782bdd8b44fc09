import Core
import Linux
import Model

/// Routes and routing policy rules of the host. Ours are known by their protocol number.
struct RoutePart {
    let kernel: Kernel

    /// What the kernel tells routes of one table apart by.
    private struct Place: Hashable {
        let destination: IPNetwork
        let table: Int
        let metric: Int

        init(_ route: RouteInfo) {
            destination = route.destination
            table = route.table
            metric = route.metric
        }
    }

    func ensure(_ rows: [RowID: HostRoute]) throws(NetlinkError) -> Standings {
        var standings: Standings = [:]
        let links = try kernel.links()
        let present = try kernel.routes()
        var wanted: [(row: RowID, route: RouteInfo)] = []
        for (row, value) in rows.sorted(by: { $0.key < $1.key }) {
            let hasSource = try value.source.map { source throws(NetlinkError) in
                try kernel.addresses().contains { $0.address.address == source }
            }
            if let link = links[value.device], link.isUp, hasSource ?? true {
                wanted.append((row, Self.route(value, link.index)))
            } else {
                standings[row] = .waiting
            }
        }
        // A route that only changes is replaced in place and never missing.
        let kept = Dictionary(wanted.map { (Place($0.route), $0.route) }) { first, _ in first }
        for route in present where route.origin == Kernel.origin {
            if let new = kept[Place(route)], Self.isSame(route, new) || route.nextHops.count == 1 { continue }
            try kernel.write { socket throws(NetlinkError) in try socket.deleteRoute(route) }
        }
        let byPlace = Dictionary(grouping: present, by: Place.init)
        for (row, route) in wanted { standings[row] = ensure(route, byPlace[Place(route)] ?? []) }
        return standings
    }

    private func ensure(_ wanted: RouteInfo, _ present: [RouteInfo]) -> Standing {
        if present.contains(where: { Self.isSame($0, wanted) }) { return .right }
        let isReplacement = present.contains { $0.origin == Kernel.origin }
        if !isReplacement, let other = present.first {
            return .refused(
                "route \(wanted.destination) in table \(wanted.table) with metric \(wanted.metric) is another "
                    + "program's (protocol \(other.origin)); remove it, or choose another metric")
        }
        return .of {
            try kernel.write { socket throws(NetlinkError) in try socket.setRoute(wanted, replace: isReplacement) }
            return true
        }
    }

    private static func route(_ row: HostRoute, _ index: Int) -> RouteInfo {
        let scope = row.gateway == nil && row.destination.family == .v4 ? 253 : 0
        return RouteInfo(
            destination: row.destination, table: row.routingTable, metric: row.metric,
            nextHops: [.init(index: index, gateway: row.gateway)], source: row.source, origin: Kernel.origin,
            scope: scope, mtu: row.mtu)
    }

    /// Whether a route does what is wanted, whoever made it.
    private static func isSame(_ present: RouteInfo, _ wanted: RouteInfo) -> Bool {
        present.nextHops.map(\.index) == wanted.nextHops.map(\.index)
            && present.nextHops.map(\.gateway) == wanted.nextHops.map(\.gateway) && present.source == wanted.source
            && present.mtu == wanted.mtu && present.type == RouteInfo.unicast
    }

    func ensure(_ rows: [RowID: HostRule]) throws(NetlinkError) -> Standings {
        var standings: Standings = [:]
        let present = try kernel.rules()
        let wanted = rows.mapValues { row in
            RuleInfo(
                family: row.family, priority: row.priority, mark: row.mark, source: row.source,
                destination: row.destination, input: row.input, table: row.routingTable, origin: Kernel.origin)
        }
        let all = Set(wanted.values)
        for rule in present where rule.origin == Kernel.origin && !all.contains(rule) {
            try kernel.write { socket throws(NetlinkError) in try socket.deleteRule(rule) }
        }
        for (row, rule) in wanted.sorted(by: { $0.key < $1.key }) {
            let isThere = present.contains { found in
                var found = found
                found.origin = Kernel.origin
                return found == rule
            }
            if isThere {
                standings[row] = .right
                continue
            }
            standings[row] = .of {
                try kernel.write { socket throws(NetlinkError) in try socket.addRule(rule) }
                return true
            }
        }
        return standings
    }
}
