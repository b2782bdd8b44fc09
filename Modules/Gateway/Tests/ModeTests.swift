import Core
import Gateway
import Model
import ModuleHarness
import Testing
import Vocabulary

@Suite("The gateway")
struct ModeTests {
    private func harness(_ mode: GatewayMode, nextHops: [String] = ["172.30.0.100"]) throws -> NodeHarness {
        let harness = try NodeHarness(GatewayModule.self)
        try harness.apply(try cluster, local(mode))
        try harness.apply(
            NodeNetwork(
                name: "n1", isLocal: true, nodeID: 2, subnets: [try net("10.244.1.0/24")],
                transit: [try net("100.88.0.2/16")], join: [try net("100.64.0.2/16")], chassisID: "chassis",
                encapsulationAddresses: []),
            NodeGateway(
                bridge: "br-ex", uplink: "e0", isOurBridge: false, mac: MACAddress(number: 0x02_3000_0000_01),
                addresses: [try net("172.30.0.1/24")], nextHops: nextHops.compactMap { IPAddress($0) }))
        return harness
    }

    private var cluster: ClusterNetwork {
        get throws {
            ClusterNetwork(
                families: [.v4], clusterSubnets: [.init(try net("10.244.0.0/16"), hostPrefix: 24)],
                serviceNetworks: [try net("10.96.0.0/16")],
                joinSubnets: ByFamily { $0 == .v4 ? IPNetwork("100.64.0.0/16") : nil },
                transitSubnets: ByFamily { $0 == .v4 ? IPNetwork("100.88.0.0/16") : nil },
                masqueradeSubnets: ByFamily { $0 == .v4 ? IPNetwork("169.254.169.0/29") : nil })
        }
    }

    private func local(_ mode: GatewayMode) -> LocalNode {
        LocalNode(nodeName: "n1", gateway: .init(mode: mode), datapath: .netdev)
    }

    private func net(_ text: String) throws -> IPNetwork { try #require(IPNetwork(text)) }

    private func hops(_ harness: NodeHarness, _ prefix: String) -> [String?] {
        harness.rows(LogicalRouterStaticRoute.self).filter { $0["ip_prefix"] == prefix }.map { $0["nexthop"] }
    }

    @Test("leads pods to the gateway router in shared mode, and to the host in local mode, where it masquerades them")
    func modes() throws {
        let gateway = try harness(.shared)
        #expect(hops(gateway, "10.244.1.0/24") == ["100.64.0.2"])
        #expect(gateway.row(NetfilterChain.self, "inet local-gateway") == nil)
        try gateway.apply(local(.local))
        #expect(hops(gateway, "10.244.1.0/24") == ["10.244.1.2"])
        let rules = gateway.row(NetfilterChain.self, "inet local-gateway")?["rules"]
        #expect(rules?.contains("ip saddr 10.244.1.0/24 masquerade") == true)
        #expect(gateway.row(Sysctl.self, "net/ipv4/ip_forward")?["value"] == "1")
        #expect(gateway.row(Sysctl.self, "net/ipv6/conf/all/forwarding") == nil)
    }

    @Test("in local mode without a next hop has a default route all the same, for the host routes on")
    func withoutNextHop() throws {
        #expect(hops(try harness(.local, nextHops: []), "0.0.0.0/0") == ["169.254.169.4"])
        #expect(hops(try harness(.shared, nextHops: []), "0.0.0.0/0") == [])
    }

    @Test(
        "lets nobody through the host to a pod but answers and what a service sends",
        arguments: [GatewayMode.shared, .local])
    func forwarding(mode: GatewayMode) throws {
        let chain = try #require(try harness(mode).row(NetfilterChain.self, "inet to-pods"))
        #expect(chain["hook"] == "forward")
        let rules = (chain["rules"] ?? "").split(separator: "\n")
        #expect(rules.prefix(2) == ["ct state established,related accept", "ct status dnat accept"])
        #expect(rules.dropFirst(2).count == 1)
        #expect(rules.last == #"iifname != "ovn-k8s-mp0" oifname "ovn-k8s-mp0" ip daddr 10.244.0.0/16 drop"#)
    }
}
