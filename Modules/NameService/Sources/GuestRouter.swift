import Core
import Model
import Vocabulary

/// The router as those see it that ask: a second pair of ports between the node's switch and the cluster router, alike
/// on every node. There while somebody asks.
enum GuestRouter {
    static func add(on node: String, _ cluster: ClusterNetwork, _ cell: inout Cell) {
        let toSwitch = Topology.routerToGuests(node)
        // DHCP for IPv6 has no word for a router: its own port says that it is one. That of the pods would tell them
        // the node's subnet too, which a guest must not think near.
        let advertisements = [
            "address_mode": "dhcpv6_stateful", "send_periodic": "true", "mtu": String(cluster.mtu),
        ]
        cell.add(
            LogicalRouterPort(
                key: .fixed(toSwitch), ipv6RaConfigs: cluster.families.contains(.v6) ? advertisements : nil,
                mac: GuestGateway.mac.description, name: toSwitch,
                networks: cluster.families.map { GuestGateway.network($0).description }),
            to: Topology.router.ports)
        let toRouter = Topology.guestsToRouter(node)
        cell.add(
            LogicalSwitchPort(
                key: .fixed(toRouter), addresses: ["router"], name: toRouter, options: ["router-port": toSwitch],
                type: "router"),
            to: Topology.localSwitch(node).ports)
    }
}
