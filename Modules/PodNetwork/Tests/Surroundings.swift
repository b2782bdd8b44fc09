import Core
import Model
import Testing
import Vocabulary

/// A cluster of two nodes as objects, as a daemon's feeds bring them.
struct Surroundings {
    var families: [Family] = [.v4, .v6]
    var v4 = "10.244.0.0/16"

    var all: [any Kind] { [cluster, local, system] + [node("n1", 2), node("n2", 3)] }

    var cluster: ClusterNetwork {
        ClusterNetwork(
            families: families,
            clusterSubnets: families.map {
                $0 == .v4 ? .init(net(v4), hostPrefix: 24) : .init(net("fd00:10:244::/48"), hostPrefix: 64)
            },
            serviceNetworks: families.map { net($0 == .v4 ? "10.96.0.0/16" : "fd00:10:96::/112") },
            joinSubnets: ByFamily { families.contains($0) ? net($0 == .v4 ? "100.64.0.0/16" : "fd98::/64") : nil },
            transitSubnets: ByFamily { families.contains($0) ? net($0 == .v4 ? "100.88.0.0/16" : "fd97::/64") : nil },
            masqueradeSubnets: ByFamily {
                families.contains($0) ? net($0 == .v4 ? "169.254.169.0/29" : "fd69::/125") : nil
            })
    }

    var local: LocalNode { LocalNode(nodeName: "n1", datapath: .netdev) }
    var system: OVSSystem { OVSSystem(systemID: "chassis-n1") }

    /// A node with all its annotations. Other annotations replace these; an empty one takes it away.
    func node(_ name: String, _ id: Int, subnets: [String]? = nil, _ annotations: [String: String] = [:]) -> Node {
        let subnets = subnets ?? families.map { $0 == .v4 ? "10.244.\(id).0/24" : "fd00:10:244:\(id)::/64" }
        let transit = ByFamily { families.contains($0) ? net($0 == .v4 ? "100.88.0.\(id)/16" : "fd97::\(id)/64") : nil }
        let own = [
            NodeID.key: "\(id)", NodeSubnets.key: NodeSubnets(subnets.map(net)).text,
            TransitAddresses.key: TransitAddresses(transit).text, ChassisID.key: "chassis-\(name)",
            EncapsulationAddresses.key: EncapsulationAddresses([address("172.30.0.\(id)")]).text,
        ]
        return Node(
            name: name, annotations: own.merging(annotations) { $1 }.filter { !$0.value.isEmpty },
            internalAddresses: families.map { address($0 == .v4 ? "172.30.0.\(id)" : "fd30::\(id)") })
    }

    func pod(_ name: String, on node: String = "n1", _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        var pod = Pod(namespace: "shop", name: name, uid: "uid-\(name)", labels: ["app": name], nodeName: node)
        change(&pod)
        return pod
    }

    /// A pod's annotation as its node writes it.
    func annotation(_ addresses: String...) -> [String: String] { annotation(addresses) }

    func annotation(_ addresses: [String]) -> [String: String] {
        let networks = addresses.map(net)
        let mac = networks.map(\.address).derivedMAC ?? MACAddress(number: 0)
        return [PodNetworks.key: PodNetworks(PodNetworkAssignment(addresses: networks, mac: mac)).text]
    }
}

/// An address or network of a test; a misspelt one is recorded as an issue and reads as zero.
func address(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else {
        Issue.record("\(text) is no address")
        return IPAddress(family: .v4, number: 0)
    }
    return address
}

func net(_ text: String) -> IPNetwork {
    guard let network = IPNetwork(text) else {
        Issue.record("\(text) is no network")
        return .everything(.v4)
    }
    return network
}
