import Core
import Model
import Vocabulary

/// Where a machine's addresses are, said by the one of its pods in which it runs. Rows are only for addresses that are
/// not where their subnet is: the others are found as any pod's.
enum Whereabouts {
    static func handle(_ pod: Pod, _ cell: inout Cell) throws(Rejection) {
        guard let guest = pod.guest, Pod.isOnPodNetwork.holds(pod), cell.isReached(pod),
            let port = cell.get(PodPort.self, pod.namespace, pod.name),
            let local = cell.localNode(),
            let here = cell.get(NodeNetwork.self, "", local.nodeName)
        else { return }
        if port.isLocal {
            arrived(port, here, local, &cell)
        } else if let there = cell.get(NodeNetwork.self, "", port.node) {
            away(port, there, &cell)
            StandIn(machine: guest.machine, port: port).add(port.addresses.filter(here.owns), here, &cell)
        }
    }

    /// The machine is on this node: the router finds it on the node's switch, and what it sends goes out where the
    /// node's own pods go out.
    private static func arrived(_ port: PodPort, _ here: NodeNetwork, _ local: LocalNode, _ cell: inout Cell) {
        let toSwitch = Topology.routerToSwitch(here.name)
        for network in port.addresses where !here.owns(network) {
            let address = network.address
            route(IPNetwork(host: address), via: address, by: toSwitch, &cell)
            // The router knows by itself only those of its own subnet, and asks for no others.
            cell.add(
                StaticMACBinding(
                    key: .fixed("\(toSwitch) \(address)"), ip: address.description, logicalPort: toSwitch,
                    mac: port.mac.description, overrideDynamicMac: true))
            outward(network, here, local, &cell)
        }
    }

    /// For the machine's whole subnet, though one address of it is here: a longer prefix would go before the routes to
    /// that subnet's own node.
    private static func outward(
        _ network: IPNetwork, _ here: NodeNetwork, _ local: LocalNode, _ cell: inout Cell
    ) {
        let join = here.join(network.family)?.address
        let exit = local.gateway.mode == .local ? here.management(network.family) : join
        guard let exit, local.gateway.mode != .disabled else { return }
        let home = network.network.description
        cell.add(
            LogicalRouterStaticRoute(
                key: .fixed("guests-from-\(home)"), ipPrefix: home, nexthop: exit.description, policy: .srcIp),
            to: Topology.router.staticRoutes)
    }

    /// The machine is on another node.
    private static func away(_ port: PodPort, _ there: NodeNetwork, _ cell: inout Cell) {
        for network in port.addresses where !there.owns(network) {
            guard let hop = there.transit(network.family)?.address else { continue }
            route(IPNetwork(host: network.address), via: hop, &cell)
        }
    }

    private static func route(
        _ target: IPNetwork, via hop: IPAddress, by port: String? = nil, _ cell: inout Cell
    ) {
        cell.add(
            LogicalRouterStaticRoute(
                key: .own("route-\(target)"), ipPrefix: target.description, nexthop: hop.description, outputPort: port),
            to: Topology.router.staticRoutes)
    }
}

extension NodeNetwork {
    /// Whether an address is of the node's own subnets.
    func owns(_ network: IPNetwork) -> Bool { subnets.contains { $0.contains(network.address) } }
}
