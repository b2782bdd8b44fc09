import Core
import Model
import Vocabulary

/// What a zone holds for each node: for its own node a switch and router ports, for every other the way to it.
enum Zone {
    static func handle(_ node: NodeNetwork, _ cell: inout Cell) throws(Rejection) {
        guard let cluster = cell.cluster() else { return }
        if node.isLocal {
            localSwitch(node, cluster, &cell)
            Transit.own(node, &cell)
            ManagementPort.add(node, cluster, &cell)
            probes(node, &cell)
        } else {
            Transit.remote(node, &cell)
        }
    }

    /// The node's switch, the cluster router, and the pair of ports between them.
    private static func localSwitch(_ node: NodeNetwork, _ cluster: ClusterNetwork, _ cell: inout Cell) {
        var settings: [String: String] = [:]
        if let v4 = node.subnet(.v4) {
            settings["subnet"] = v4.description
            settings["exclude_ips"] = v4[2].description
        }
        if let v6 = node.subnet(.v6) { settings["ipv6_prefix"] = v6.base.description }
        let name = Topology.nodeSwitch(node.name)
        let nodeSwitch = cell.add(LogicalSwitch(key: .fixed(name), name: name, otherConfig: settings))
        let router = cell.add(
            LogicalRouter(
                key: .fixed(Topology.clusterRouter), externalIDs: ["k8s-cluster-router": "yes"],
                name: Topology.clusterRouter,
                options: ["always_learn_from_arp_request": "false"]))

        let toSwitch = Topology.routerToSwitch(node.name)
        let isSilent = cell.localNode()?.gateway.disablePacketMTUCheck == true
        let routerPort = cell.add(
            LogicalRouterPort(
                key: .fixed(toSwitch), mac: node.gatewayMAC?.description, name: toSwitch,
                networks: node.subnets.map { $0.interface($0[1]).description },
                options: isSilent ? nil : ["gateway_mtu": String(cluster.mtu)]),
            to: router.ports)
        let chassis = "\(toSwitch)-\(node.chassisID)"
        cell.add(
            GatewayChassis(key: .fixed(chassis), chassisName: node.chassisID, name: chassis, priority: 1),
            to: routerPort.gatewayChassis)
        let toRouter = Topology.switchToRouter(node.name)
        cell.add(
            LogicalSwitchPort(
                key: .fixed(toRouter), addresses: ["router"], name: toRouter, options: ["router-port": toSwitch],
                type: "router"),
            to: nodeSwitch.ports)
    }

    /// The node's own probes reach its pods whatever policies say. The rule is stateful and always there: without one
    /// a switch tracks no connections, and a deny rule would drop replies.
    private static func probes(_ node: NodeNetwork, _ cell: inout Cell) {
        for subnet in node.subnets {
            let field = subnet.family == .v4 ? "ip4" : "ip6"
            cell.add(
                ACL(
                    key: .own("probes-\(field)"), action: .allowRelated, direction: .toLport,
                    match: "\(field).src == \(subnet[2])", priority: 1001, tier: PolicyTier.namespaces),
                to: Topology.localSwitch(node.name).acls)
        }
    }
}
