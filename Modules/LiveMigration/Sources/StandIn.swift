import Core
import Model
import Vocabulary

/// What stands on its home's switch for a machine that is away. The neighbours there think it near, and many know its
/// MAC: so the switch goes on to answer for it with this MAC, and the router takes what is sent to it.
struct StandIn {
    let machine: String
    let port: PodPort

    /// No name of a node or a pod begins so: they have no underscore.
    private var name: String { "\(port.namespace)_\(machine)" }

    func add(_ addresses: [IPNetwork], _ here: NodeNetwork, _ cell: inout Cell) {
        guard !addresses.isEmpty else { return }
        let toSwitch = "rtog_\(name)"
        // The router must not think that the machine's addresses are its own.
        let own = IPNetwork(port.mac.linkLocalAddress, length: 64)
        cell.add(
            LogicalRouterPort(
                key: .fixed(toSwitch), mac: port.mac.description, name: toSwitch,
                networks: own.map { [$0.description] }),
            to: Topology.router.ports)
        let toRouter = "gtor_\(name)"
        let answered = addresses.map(\.address.description).joined(separator: " ")
        cell.add(
            LogicalSwitchPort(
                key: .fixed(toRouter), addresses: ["\(port.mac) \(answered)"],
                externalIDs: ["namespace": port.namespace], name: toRouter, options: ["router-port": toSwitch],
                type: "router"),
            to: Topology.localSwitch(here.name).ports)
    }
}
