import Core
import Model
import Vocabulary

/// The transit switch, over which the zones meet: one port per node, each bound to its node's chassis.
enum Transit {
    /// The switch has the same tunnel key in every zone; OVN reserves the keys from this one up for such switches.
    private static let tunnelKey = 16_711_683

    private static func transitSwitch(_ cell: inout Cell) -> RowRef<LogicalSwitch> {
        cell.add(
            LogicalSwitch(
                key: .fixed(Topology.transitSwitch), name: Topology.transitSwitch,
                otherConfig: [
                    "interconn-ts": Topology.transitSwitch, "requested-tnl-key": String(tunnelKey),
                    "mcast_snoop": "true", "mcast_querier": "false", "mcast_flood_unregistered": "true",
                ]))
    }

    /// This zone's own port.
    static func own(_ node: NodeNetwork, _ cell: inout Cell) {
        let routerPort = Topology.routerToTransit(node.name)
        cell.add(
            LogicalRouterPort(
                key: .fixed(routerPort), mac: node.transitMAC?.description, name: routerPort,
                networks: node.transit.map(\.description), options: ["mcast_flood": "true"]),
            to: Topology.router.ports)
        let name = Topology.transitToRouter(node.name)
        cell.add(
            LogicalSwitchPort(
                key: .fixed(name), addresses: ["router"], externalIDs: ["node": node.name], name: name,
                options: ["router-port": routerPort, "requested-tnl-key": String(node.nodeID)], type: "router"),
            to: transitSwitch(&cell).ports)
    }

    /// Another zone: its port, its chassis and tunnel end, and the routes to its pods and its gateway router.
    static func remote(_ node: NodeNetwork, _ cell: inout Cell) {
        guard let mac = node.transitMAC else { return }
        let name = Topology.transitToRouter(node.name)
        cell.add(
            LogicalSwitchPort(
                key: .fixed(name),
                addresses: ["\(mac) \(node.transit.map(\.description).joined(separator: " "))"],
                externalIDs: ["node": node.name], name: name,
                options: ["requested-tnl-key": String(node.nodeID), "requested-chassis": node.chassisID],
                type: "remote"),
            to: transitSwitch(&cell).ports)
        chassis(node, portName: name, &cell)
        routes(to: node, &cell)
    }

    private static func chassis(_ node: NodeNetwork, portName: String, _ cell: inout Cell) {
        let chassis = cell.add(
            Chassis(
                key: .fixed(node.chassisID), hostname: node.name, name: node.chassisID,
                otherConfig: ["is-remote": "true"]))
        let port = cell.cluster()?.encapsulationPort
        var options = ["csum": "true"]
        if let port, port != ClusterNetwork.genevePort { options["dst_port"] = String(port) }
        for address in node.encapsulationAddresses {
            cell.add(
                Encap(
                    key: .fixed("geneve \(address)"), chassisName: node.chassisID, ip: address.description,
                    options: options, type: .geneve),
                to: chassis.encaps)
        }
        // OVN 23.03 fills requested_chassis only, and drops what goes to the port until `chassis` is set; newer
        // engines set the same value themselves.
        cell.add(PortBinding(key: .fixed(portName), chassis: chassis))
    }

    private static func routes(to node: NodeNetwork, _ cell: inout Cell) {
        for family in Family.allCases {
            guard let hop = node.transit(family)?.address else { continue }
            let targets =
                node.subnets.filter { $0.family == family }
                + node.join.filter { $0.family == family }.map { IPNetwork(host: $0.address) }
            for target in targets {
                cell.add(
                    LogicalRouterStaticRoute(
                        key: .own("route-\(target)"),
                        externalIDs: ["ic-node": node.name, "k8s.ovn.org/network": "default"],
                        ipPrefix: target.description, nexthop: hop.description),
                    to: Topology.router.staticRoutes)
            }
        }
    }
}
