import Core
import Model
import Testing
import Vocabulary

/// A node's host as objects: its card, addresses and routes, and what the pod network says of the node.
struct Host {
    /// Where addresses and routes are.
    var device = "e0"
    var mtu = 1500
    var bridge: OVSBridge?
    var bridgeName = "bre0"
    var hasPatch = true

    var all: [any Kind] {
        [
            cluster, LocalNode(nodeName: "n1", gateway: .init(mode: .shared), datapath: .netdev), network,
            Link(name: "e0", index: 2, mac: MACAddress("02:30:00:00:00:01"), mtu: mtu, isUp: true),
            LinkAddress(device: device, address: net("172.30.0.1/24")),
            LinkAddress(device: device, address: net("fd30::1/64")),
            route(.v4, "172.30.0.100", 0), route(.v6, "fd30::100", 1024),
        ] + (bridge.map { [$0] } ?? []) + (hasPatch ? [patch] : [])
    }

    /// The port that ovn-controller makes between the bridge and the integration bridge.
    var patch: OVSInterface { OVSInterface(name: "patch-\(bridgeName)_n1-to-br-int", type: "patch", ofport: 3) }

    private func route(_ family: Family, _ gateway: String, _ metric: Int) -> Route {
        Route(
            destination: .everything(family), nextHops: [.init(device: device, gateway: IPAddress(gateway))],
            metric: metric)
    }

    private var cluster: ClusterNetwork {
        ClusterNetwork(
            families: [.v4, .v6],
            clusterSubnets: [
                .init(net("10.244.0.0/16"), hostPrefix: 24), .init(net("fd00:10:244::/48"), hostPrefix: 64),
            ], serviceNetworks: [net("10.96.0.0/16"), net("fd00:10:96::/112")],
            joinSubnets: .init(v4: net("100.64.0.0/16"), v6: net("fd98::/64")),
            transitSubnets: .init(v4: net("100.88.0.0/16"), v6: net("fd97::/64")),
            masqueradeSubnets: .init(v4: net("169.254.169.0/29"), v6: net("fd69::/125")))
    }

    private var network: NodeNetwork {
        NodeNetwork(
            name: "n1", isLocal: true, nodeID: 2, subnets: [net("10.244.1.0/24"), net("fd00:10:244:1::/64")],
            transit: [net("100.88.0.2/16"), net("fd97::2/64")], join: [net("100.64.0.2/16"), net("fd98::2/64")],
            chassisID: "chassis-n1", encapsulationAddresses: [])
    }
}

private func net(_ text: String) -> IPNetwork {
    guard let network = IPNetwork(text) else {
        Issue.record("\(text) is no network")
        return .everything(.v4)
    }
    return network
}
