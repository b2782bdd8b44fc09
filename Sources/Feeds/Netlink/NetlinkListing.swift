import Core
import Linux
import Model

/// All links, addresses and routes of a namespace at one time, as objects.
struct NetlinkListing {
    private(set) var links: [ObjectID: Link] = [:]
    private(set) var addresses: [ObjectID: LinkAddress] = [:]
    private(set) var routes: [ObjectID: Route] = [:]

    init() {}

    init(_ socket: NetlinkSocket, tables: Set<Int>) throws(NetlinkError) {
        let all = try socket.links()
        let names = Dictionary(all.map { ($0.index, $0.name) }) { first, _ in first }
        for link in all.map({ Self.link($0, names) }) { links[link.id] = link }
        for address in try socket.addresses().compactMap({ Self.address($0, names) }) {
            addresses[address.id] = address
        }
        for route in try socket.routes().compactMap({ Self.route($0, names, tables) }) { routes[route.id] = route }
    }

    /// What is new or different or gone, sorted.
    func changes(since old: NetlinkListing) -> [ObjectChange] {
        Self.changes(old.links, links) + Self.changes(old.addresses, addresses) + Self.changes(old.routes, routes)
    }

    private static func changes<K: Kind>(_ old: [ObjectID: K], _ new: [ObjectID: K]) -> [ObjectChange] {
        let gone = old.keys.filter { new[$0] == nil }.sorted().map { ObjectChange.remove($0) }
        let put = new.filter { old[$0.key] != $0.value }.sorted { $0.key < $1.key }.map { ObjectChange.put($0.value) }
        return gone + put
    }

    private static func link(_ link: LinkInfo, _ names: [Int: String]) -> Link {
        Link(
            name: link.name, index: link.index, mac: link.mac, mtu: link.mtu, isUp: link.isUp, type: link.kind ?? "",
            master: link.master.flatMap { names[$0] })
    }

    private static func address(_ address: AddressInfo, _ names: [Int: String]) -> LinkAddress? {
        guard let device = names[address.index] else { return nil }
        let failed = 0x08
        return LinkAddress(
            device: device, address: address.address, scope: LinkAddress.Scope(rawValue: address.scope) ?? .global,
            isTemporary: address.validLifetime != .max,
            isDeprecated: address.flags & AddressInfo.deprecated != 0,
            isTentative: address.flags & (AddressInfo.tentative | failed) != 0)
    }

    /// Unicast routes of these tables, without those that every link has.
    private static func route(_ route: RouteInfo, _ names: [Int: String], _ tables: Set<Int>) -> Route? {
        let hops = route.nextHops.compactMap { hop in
            names[hop.index].map { Route.NextHop(device: $0, gateway: hop.gateway) }
        }
        guard tables.contains(route.table), route.type == RouteInfo.unicast, hops.count == route.nextHops.count,
            !hops.isEmpty, !route.destination.address.isLinkLocal, !route.destination.address.isMulticast
        else { return nil }
        return Route(
            destination: route.destination, nextHops: hops, metric: route.metric, table: route.table,
            source: route.source, origin: route.origin)
    }
}
