import Core
import Model
import Vocabulary

/// The zone's router to the outside: it wears the node's addresses and MAC, and translates what leaves.
enum GatewayRouter {
    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        guard let local = cell.localNode(),
            let cluster = cell.cluster(),
            let node = cell.get(NodeNetwork.self, "", local.nodeName)
        else { return }
        let zone = ZoneOfGateway(gateway: gateway, node: node, cluster: cluster, local: local)
        joinSwitch(zone, &cell)
        let router = router(zone, &cell)
        externalSwitch(zone, &cell)
        routes(zone, router, &cell)
        translations(zone, router, &cell)
    }

    /// The switch between the cluster router and the gateway router.
    private static func joinSwitch(_ zone: ZoneOfGateway, _ cell: inout Cell) {
        let join = cell.add(LogicalSwitch(key: .fixed(Topology.joinSwitch), name: Topology.joinSwitch))
        let first = zone.cluster.families.compactMap { zone.cluster.clusterRouterJoinAddress($0) }
        let saysTooBig = !zone.local.gateway.disablePacketMTUCheck
        for (router, networks) in [(Topology.clusterRouter, first), (zone.routerName, zone.node.join)] {
            let port = Topology.routerToJoin(router)
            cell.add(
                LogicalRouterPort(
                    key: .fixed(port), mac: networks.map(\.address).derivedMAC?.description, name: port,
                    networks: networks.map(\.description),
                    options: router == zone.routerName && saysTooBig
                        ? ["gateway_mtu": String(zone.cluster.mtu)] : nil),
                to: RowRef<LogicalRouter>(fixed: router).ports)
            let peer = Topology.joinToRouter(router)
            cell.add(
                LogicalSwitchPort(
                    key: .fixed(peer), addresses: ["router"], name: peer, options: ["router-port": port],
                    type: "router"),
                to: join.ports)
        }
    }

    private static func router(_ zone: ZoneOfGateway, _ cell: inout Cell) -> RowRef<LogicalRouter> {
        let addresses = zone.gateway.addresses.map(\.address.description)
        let router = cell.add(
            LogicalRouter(
                key: .fixed(zone.routerName),
                externalIDs: ["physical_ip": addresses[0], "physical_ips": addresses.joined(separator: ",")],
                name: zone.routerName,
                options: [
                    "chassis": zone.node.chassisID, "always_learn_from_arp_request": "false",
                    "dynamic_neigh_routers": "false", "lb_force_snat_ip": "router_ip",
                    "mac_binding_age_threshold": "300", "snat-ct-zone": "0",
                ]))
        let port = Topology.routerToExternal(zone.node.name)
        cell.add(
            LogicalRouterPort(
                key: .fixed(port), externalIDs: ["gateway-physical-ip": "yes"], mac: zone.gateway.mac.description,
                name: port, networks: zone.gateway.addresses.map(\.description)),
            to: router.ports)
        return router
    }

    /// The switch that stands for the wire: the bridge on one side, the gateway router on the other.
    private static func externalSwitch(_ zone: ZoneOfGateway, _ cell: inout Cell) {
        let name = Topology.externalSwitch(zone.node.name)
        let external = cell.add(LogicalSwitch(key: .fixed(name), name: name))
        let wire = Topology.externalPort(zone.gateway.bridge, zone.node.name)
        cell.add(
            LogicalSwitchPort(
                key: .fixed(wire), addresses: ["unknown"], name: wire,
                options: ["network_name": Topology.physicalNetwork],
                tagRequest: zone.local.gateway.vlan, type: "localnet"),
            to: external.ports)
        let peer = Topology.externalToRouter(zone.node.name)
        cell.add(
            LogicalSwitchPort(
                key: .fixed(peer), addresses: [zone.gateway.mac.description], name: peer,
                options: [
                    "router-port": Topology.routerToExternal(zone.node.name), "nat-addresses": "router",
                    "exclude-lb-vips-from-garp": "true",
                ], type: "router"),
            to: external.ports)
    }

    private static func routes(_ zone: ZoneOfGateway, _ router: RowRef<LogicalRouter>, _ cell: inout Cell) {
        let out = Topology.routerToExternal(zone.node.name)
        for family in zone.cluster.families {
            guard let inside = zone.cluster.clusterRouterJoinAddress(family)?.address,
                let own = zone.node.join(family)?.address,
                let masquerade = zone.cluster.masqueradeSubnets[family].map(Masquerade.init)
            else { continue }
            for range in zone.cluster.clusterSubnets where range.network.family == family {
                cell.add(route(range.network, via: inside), to: router.staticRoutes)
            }
            // In local mode the host routes on, so a hop that is only a MAC does.
            let fallback = zone.isLocalMode ? masquerade.nextHop : nil
            if let hop = zone.gateway.nextHop(family) ?? fallback {
                cell.add(route(.everything(family), via: hop, by: out), to: router.staticRoutes)
            }
            var toHost = route(masquerade.network, via: masquerade.nextHop, by: out)
            toHost.externalIDs = ["k8s.ovn.org/node-masquerade-subnet": ""]
            cell.add(toHost, to: router.staticRoutes)
            cell.add(
                StaticMACBinding(
                    key: .fixed("\(out) \(masquerade.nextHop)"), ip: masquerade.nextHop.description, logicalPort: out,
                    mac: MACAddress(for: masquerade.nextHop).description, overrideDynamicMac: true))
            cell.add(route(IPNetwork(host: own), via: own), to: Topology.router.staticRoutes)
            let exit = zone.isLocalMode ? zone.node.management(family) : own
            if let subnet = zone.node.subnet(family), let exit {
                var outward = route(subnet, via: exit, key: "route-from-\(subnet)")
                outward.policy = .srcIp
                cell.add(outward, to: Topology.router.staticRoutes)
            }
        }
    }

    private static func route(
        _ target: IPNetwork, via hop: IPAddress, by port: String? = nil, key: String? = nil
    ) -> LogicalRouterStaticRoute {
        LogicalRouterStaticRoute(
            key: .own(key ?? "route-\(target)"), ipPrefix: target.description, nexthop: hop.description,
            outputPort: port)
    }

    /// What leaves the zone leaves with the node's address, by ports that the host's own connections never use: with
    /// the userspace datapath the kernel tracks its connections apart, and the same port twice would steal one.
    private static func translations(_ zone: ZoneOfGateway, _ router: RowRef<LogicalRouter>, _ cell: inout Cell) {
        for family in zone.cluster.families {
            guard let address = zone.gateway.address(family)?.address, let own = zone.node.join(family)?.address,
                let masquerade = zone.cluster.masqueradeSubnets[family].map(Masquerade.init)
            else { continue }
            let ports = zone.local.gateway.ephemeralPorts
            let leaving = Leaving(
                router: router, family: family, address: address, ports: "\(ports.lowerBound)-\(ports.upperBound)")
            leaving.translate(IPNetwork(host: own), &cell)
            if zone.local.gateway.disableSNATMultipleGateways {
                cell.each(cell.group(of: PodPort.self, only: [PodPort.isLocal]), run: leaving)
            } else {
                for subnet in zone.cluster.clusterSubnets where subnet.network.family == family {
                    leaving.translate(subnet.network, &cell)
                }
            }
            // A repeated SYN of the host to a service is new to the load balancer's forced translation, which then
            // leaves it alone. This row translates it. Its prefix must stay short in IPv6: a longer one would go
            // before the forced translation and break it.
            let host =
                family == .v4
                ? masquerade.host.description : IPNetwork(masquerade.network.address, length: 64)?.network.description
            cell.add(
                NAT(
                    key: .own("snat-host-\(family.rawValue)"), externalIp: address.description, logicalIp: host,
                    type: .snat),
                to: router.nat)
        }
    }
}

/// The translation of what leaves to an address of the node; as a child, that of one pod.
private struct Leaving: Child {
    let router: RowRef<LogicalRouter>
    let family: Family
    let address: IPAddress
    let ports: String

    func translate(_ network: IPNetwork, _ cell: inout Cell) {
        let text = network.length == family.bits ? network.address.description : network.description
        cell.add(
            NAT(
                key: .own("snat-\(network)"), externalIp: address.description, externalPortRange: ports,
                logicalIp: text, type: .snat),
            to: router.nat)
    }

    func run(_ pod: PodPort, _ cell: inout Cell) throws(Rejection) {
        for own in pod.addresses where own.family == family { translate(IPNetwork(host: own.address), &cell) }
    }
}

/// What the rows of a gateway are made from.
struct ZoneOfGateway {
    let gateway: NodeGateway
    let node: NodeNetwork
    let cluster: ClusterNetwork
    let local: LocalNode

    /// Pods leave by the host's own routes, not straight by the wire.
    var isLocalMode: Bool { local.gateway.mode == .local }
    var routerName: String { Topology.gatewayRouter(node.name) }
}
