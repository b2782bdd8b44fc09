import Core
import Model
import Testing
import Vocabulary

/// A cluster of two nodes with pods, as other modules publish it; the tests are on `n1`.
struct World {
    var families: [Family] = [.v4, .v6]

    var hasTiers = false

    var all: [any Kind] {
        [cluster, NorthboundSchema(hasTiers: hasTiers), node("n1", 2), node("n2", 3), namespace("x"), namespace("y")]
            + pods
    }
    var pods: [any Kind] {
        [pod("x", "a", 5), pod("x", "b", 6), pod("x", "d", 7, on: "n2"), pod("y", "c", 8), pod("y", "e", 9, on: "n2")]
    }

    var cluster: ClusterNetwork {
        ClusterNetwork(
            families: families,
            clusterSubnets: families.map {
                $0 == .v4 ? .init(net("10.244.0.0/16"), hostPrefix: 24) : .init(net("fd00:10:244::/48"), hostPrefix: 64)
            },
            serviceNetworks: [], joinSubnets: ByFamily { _ in nil }, transitSubnets: ByFamily { _ in nil },
            masqueradeSubnets: ByFamily {
                families.contains($0) ? net($0 == .v4 ? "169.254.169.0/29" : "fd69::/125") : nil
            })
    }

    func node(_ name: String, _ id: Int) -> NodeNetwork {
        NodeNetwork(
            name: name, isLocal: name == "n1", nodeID: id,
            subnets: families.map { net($0 == .v4 ? "10.244.\(id).0/24" : "fd00:10:244:\(id)::/64") },
            transit: [], join: [], chassisID: "chassis-\(name)", encapsulationAddresses: [])
    }

    func namespace(_ name: String, _ annotations: [String: String] = [:], labels: [String: String] = [:]) -> Namespace {
        Namespace(name: name, labels: labels.merging(["ns": name]) { own, _ in own }, annotations: annotations)
    }

    /// `last` ends its addresses.
    func pod(
        _ namespace: String, _ name: String, _ last: Int, on node: String = "n1", labels: [String: String]? = nil
    ) -> PodPort {
        let id = node == "n1" ? 2 : 3
        return PodPort(
            namespace: namespace, name: name, labels: labels ?? ["pod": name], uid: name, node: node,
            isLocal: node == "n1",
            addresses: families.map { net($0 == .v4 ? "10.244.\(id).\(last)/24" : "fd00:10:244:\(id)::\(last)/64") },
            mac: MACAddress(number: UInt64(last)), gateways: [])
    }

    /// The pod itself, for what its containers say.
    func object(_ namespace: String, _ name: String, _ ports: Pod.Port...) -> Pod {
        Pod(
            namespace: namespace, name: name, nodeName: "n1",
            containers: [Pod.Container(name: "main", ports: ports)])
    }
}

func net(_ text: String) -> IPNetwork {
    guard let network = IPNetwork(text) else {
        Issue.record("\(text) is no network")
        return .everything(.v4)
    }
    return network
}

/// The policy of a manifest's `spec`.
func policy(_ name: String, in namespace: String = "x", _ spec: String) throws -> NetworkPolicy {
    let text =
        #"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "#
        + #""metadata": {"name": "\#(name)", "namespace": "\#(namespace)"}, "spec": \#(spec)}"#
    return try NetworkPolicy(JSONCursor(try JSON(parsing: text)))
}
