import Core
import Model
import Testing
import Vocabulary

/// Three nodes, of which this one is n1, and a machine with an address of each family.
struct Machine {
    var families: [Family] = [.v4, .v6]
    var mode = GatewayMode.shared
    var namespace = "shop"
    /// The node whose subnets the addresses are of.
    var home = 2

    var world: [any Kind] {
        [local, node("n1", 1), node("n2", 2), node("n3", 3)]
    }

    var local: LocalNode { LocalNode(nodeName: "n1", gateway: .init(mode: mode), datapath: .netdev) }

    func node(_ name: String, _ id: Int) -> NodeNetwork {
        NodeNetwork(
            name: name, isLocal: name == "n1", nodeID: id,
            subnets: families.map { network($0, "10.244.\(id).0/24", "fd00:10:244:\(id)::/64") },
            transit: families.map { network($0, "100.88.0.\(id)/16", "fd97::\(id)/64") },
            join: families.map { network($0, "100.64.0.\(id)/16", "fd98::\(id)/64") }, chassisID: name,
            encapsulationAddresses: [])
    }

    /// A pod of the machine, and its place in the network.
    func launcher(
        _ name: String, on node: String, isReady: Bool = false, since: String? = nil, _ phase: Pod.Phase = .running
    ) -> [any Kind] {
        var pod = Pod(
            namespace: namespace, name: name, uid: name,
            labels: ["kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "vm"],
            annotations: ["kubevirt.io/allow-pod-bridge-network-live-migration": ""], nodeName: node, phase: phase)
        if isReady { pod.labels["kubevirt.io/nodeName"] = node }
        if let since { pod.annotations["kubevirt.io/migration-target-ready-timestamp"] = since }
        guard !pod.isCompleted else { return [pod] }
        let port = PodPort(
            namespace: namespace, name: name, labels: pod.labels, uid: name, node: node, isLocal: node == "n1",
            addresses: families.map { network($0, "10.244.\(home).9/24", "fd00:10:244:\(home)::9/64") },
            mac: MACAddress(number: 0x0a58_0af4_0009 | UInt64(home) << 8),
            gateways: families.map { GuestGateway.address($0) })
        return [pod, port]
    }

    private func network(_ family: Family, _ v4: String, _ v6: String) -> IPNetwork {
        guard let network = IPNetwork(family == .v4 ? v4 : v6) else {
            Issue.record("\(v4) or \(v6) is no network")
            return .everything(family)
        }
        return network
    }
}
