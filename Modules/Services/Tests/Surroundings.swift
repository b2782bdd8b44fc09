import Core
import Model
import ModuleHarness
import Testing
import Vocabulary

/// A node with its gateway, as other modules publish it, and builders of services.
struct Surroundings {
    var nodePorts = true
    var datapath = Datapath.netdev
    /// Addresses of the node that its object does not say.
    var more: [IPNetwork] = []

    var all: [any Kind] { [cluster, local, node, gateway] + nodes + pipeline }

    var nodes: [Node] {
        [
            Node(name: "n1", internalAddresses: [address("172.30.0.1"), address("fd30::1")]),
            Node(name: "n2", internalAddresses: [address("172.30.0.2"), address("fd30::2")]),
        ]
    }

    var cluster: ClusterNetwork {
        ClusterNetwork(
            families: [.v4, .v6],
            clusterSubnets: [
                .init(net("10.244.0.0/16"), hostPrefix: 24), .init(net("fd00:10:244::/48"), hostPrefix: 64),
            ],
            serviceNetworks: [net("10.96.0.0/16"), net("fd00:10:96::/112")],
            joinSubnets: ByFamily(v4: net("100.64.0.0/16"), v6: net("fd98::/64")),
            transitSubnets: ByFamily(v4: net("100.88.0.0/16"), v6: net("fd97::/64")),
            masqueradeSubnets: ByFamily(v4: net("169.254.169.0/29"), v6: net("fd69::/125")))
    }

    var local: LocalNode {
        LocalNode(nodeName: "n1", gateway: .init(mode: .shared, nodePort: nodePorts), datapath: datapath)
    }

    var node: NodeNetwork {
        NodeNetwork(
            name: "n1", isLocal: true, nodeID: 2, subnets: [net("10.244.1.0/24"), net("fd00:10:244:1::/64")],
            transit: [net("100.88.0.2/16"), net("fd97::2/64")], join: [net("100.64.0.2/16"), net("fd98::2/64")],
            chassisID: "chassis-n1", encapsulationAddresses: [address("172.30.0.1")])
    }

    var gateway: NodeGateway {
        NodeGateway(
            bridge: "bre0", uplink: "e0", isOurBridge: true, mac: MACAddress(number: 0x0230_0000_0001),
            addresses: [net("172.30.0.1/24"), net("fd30::1/64")] + more,
            nextHops: [address("172.30.0.100"), address("fd30::100")])
    }

    /// What the engine says of its tables, as in 23.03.
    var pipeline: [any Kind] {
        [LogicalDatapath(name: "n1", tunnelKey: 3), LogicalDatapath(name: "GR_n1", tunnelKey: 5)]
            + zip(LogicalStage.followed, [19, 20, 14, 15]).map { LogicalStage(name: $0, table: $1) }
    }

    /// TCP 80 with an address per family.
    func service(_ name: String = "web", _ change: (inout Service) -> Void = { _ in }) -> Service {
        Service(namespace: "shop", name: name) {
            $0.uid = "uid-\(name)"
            $0.clusterIPs = ["10.96.0.10", "fd00:10:96::10"]
            $0.ports = [.init(80, name: "http", target: "8080")]
            change(&$0)
        }
    }

    /// A local endpoint and one on another node, in both families.
    func slices(_ service: String = "web", _ endpoints: [EndpointSlice.Endpoint]? = nil) -> [EndpointSlice] {
        [("v4", "IPv4", ["10.244.1.5", "10.244.2.7"]), ("v6", "IPv6", ["fd00:10:244:1::5", "fd00:10:244:2::7"])]
            .map { name, type, addresses in
                EndpointSlice(
                    namespace: "shop", name: "\(service)-\(name)", service: service, addressType: type,
                    ports: [.init(8080, name: "http")],
                    endpoints: endpoints ?? [
                        .init([addresses[0]], node: "n1"), .init([addresses[1]], node: "n2"),
                    ])
            }
    }

    /// Only IPv4.
    func slice(_ service: String = "web", _ endpoints: EndpointSlice.Endpoint..., port: Int = 8080) -> EndpointSlice {
        EndpointSlice(
            namespace: "shop", name: "\(service)-\(port)", service: service, ports: [.init(port, name: "http")],
            endpoints: endpoints)
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

/// Where a balancer of namespace `shop` leads.
func vips(_ node: NodeHarness, _ row: String) -> [String: String] {
    node.row(LoadBalancer.self, "Service_shop/\(row)")?.map("vips") ?? [:]
}

/// What is wrong with a part of a service of namespace `shop`.
func events(_ node: NodeHarness, _ service: String = "web") -> [String] {
    node.problems.filter { $0.object == Service.id("shop", service) && $0.what == .partial }.map {
        "\($0.field): \($0.message)"
    }
}
