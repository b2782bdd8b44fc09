import Core
import Model
import Vocabulary

/// The flows by which a service's traffic from outside passes the node's bridge on its way to the gateway router.
///
/// Without them it would go to the host. They match the node's own addresses: traffic in transit keeps its way.
struct BridgeFlows {
    static let cookie = 0x5e71_ce5
    private let service: Service
    private let world: World

    init(_ service: Service, _ world: World) {
        self.service = service
        self.world = world
    }

    func add(_ frontends: [Frontend], _ balancers: Balancers, _ cell: inout Cell) {
        guard let gateway = world.gateway else { return }
        let patch = Self.patch(gateway, world.local.nodeName)
        for frontend in frontends where frontend.isExternal {
            let isRestricted =
                if case .ingress = frontend.place { !service.sourceRanges.isEmpty } else { false }
            for address in frontend.addresses(world.own) {
                let words = Words(address.family, frontend.transport)
                let arriving =
                    "in_port=\(gateway.uplink),\(words.transport),\(words.target)=\(address),tp_dst=\(frontend.number)"
                guard balancers.ownBackend(frontend, address.family) == nil else {
                    // The host answers: what comes goes its usual way, but for those who must not come.
                    for stranger in isRestricted ? strangers(address.family) : [] {
                        add(gateway, 110, "\(arriving),\(words.source)=\(stranger)", "drop", &cell)
                    }
                    continue
                }
                for source in isRestricted ? sources(address.family) : [""] {
                    let from = source.isEmpty ? "" : ",\(words.source)=\(source)"
                    add(gateway, 110, arriving + from, "output:\(patch)", &cell)
                }
                if isRestricted { add(gateway, 109, arriving, "drop", &cell) }
                add(
                    gateway, 110,
                    "in_port=\(patch),dl_src=\(gateway.mac),\(words.transport),\(words.source)=\(address),tp_src=\(frontend.number)",
                    "output:\(gateway.uplink)", &cell)
                if frontend.address != nil { tooBig(gateway, patch, address, words, &cell) }
            }
        }
    }

    /// Words of the path that a packet was too big belong to the router, as the connection does.
    private func tooBig(
        _ gateway: NodeGateway, _ patch: String, _ address: IPAddress, _ words: Words, _ cell: inout Cell
    ) {
        let what = address.family == .v4 ? "icmp,icmp_type=3,icmp_code=4" : "icmp6,icmp_type=2"
        add(gateway, 110, "in_port=\(gateway.uplink),\(what),\(words.target)=\(address)", "output:\(patch)", &cell)
    }

    private func ranges(_ family: Family) -> [IPNetwork] {
        service.sourceRanges.compactMap(Frontends.range).filter { $0.family == family }
    }

    private func sources(_ family: Family) -> [String] { ranges(family).map(\.network.description) }

    /// All but the sources.
    private func strangers(_ family: Family) -> [IPNetwork] {
        IPNetwork.everything(family).subtracting(ranges(family))
    }

    private func add(
        _ gateway: NodeGateway, _ priority: Int, _ match: String, _ actions: String, _ cell: inout Cell
    ) {
        cell.add(
            Flow(bridge: gateway.bridge, priority: priority, match: match, actions: actions, cookie: Self.cookie))
    }

    static func patch(_ gateway: NodeGateway, _ node: String) -> String {
        "patch-\(Topology.externalPort(gateway.bridge, node))-to-\(Topology.integrationBridge)"
    }

    /// How OpenFlow calls a family's fields.
    struct Words {
        let transport: String
        let source: String
        let target: String

        init(_ family: Family, _ transport: TransportProtocol) {
            self.transport = transport.rawValue.lowercased() + (family == .v4 ? "" : "6")
            source = family == .v4 ? "nw_src" : "ipv6_src"
            target = family == .v4 ? "nw_dst" : "ipv6_dst"
        }
    }
}

/// The way of the host's own packets to services.
enum HostFlows {
    /// They carry the MAC of a neighbour that does not exist. With the bridge's own, which is the gateway router's
    /// too, a refusal would come back to the router and be lost.
    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        guard let world = World(&cell) else { return }
        let patch = BridgeFlows.patch(gateway, world.local.nodeName)
        for services in world.cluster.serviceNetworks {
            guard let masquerade = world.masquerade(services.family) else { continue }
            let words = BridgeFlows.Words(services.family, .tcp)
            let ip = services.family == .v4 ? "ip" : "ipv6"
            cell.add(
                Flow(
                    bridge: gateway.bridge, priority: 510,
                    match: "in_port=LOCAL,\(ip),\(words.source)=\(masquerade.host),\(words.target)=\(services)",
                    actions: "set_field:\(MACAddress(for: masquerade.nextHop))->eth_src,"
                        + "set_field:\(gateway.mac)->eth_dst,output:\(patch)",
                    cookie: BridgeFlows.cookie))
        }
    }
}
