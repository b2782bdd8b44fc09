import Core
import Model
import ModuleHarness
import Multicast
import Testing
import Vocabulary

@Suite("Multicast")
struct MulticastTests {
    private let cluster = ClusterNetwork(
        families: [.v4, .v6], clusterSubnets: [], serviceNetworks: [], joinSubnets: ByFamily { _ in nil },
        transitSubnets: ByFamily { _ in nil }, masqueradeSubnets: ByFamily { _ in nil })

    private var world: [any Kind] {
        [
            cluster, node("n1", 2), node("n2", 3), pod("x", "a", 5), pod("x", "d", 6, on: "n2"), pod("y", "c", 7),
            Namespace(name: "y"),
        ]
    }

    private func node(_ name: String, _ id: Int) -> NodeNetwork {
        NodeNetwork(
            name: name, isLocal: name == "n1", nodeID: id,
            subnets: ["10.244.\(id).0/24", "fd00:10:244:\(id)::/64"].compactMap { IPNetwork($0) }, transit: [],
            join: [],
            chassisID: name, encapsulationAddresses: [])
    }

    private func pod(_ namespace: String, _ name: String, _ last: Int, on node: String = "n1") -> PodPort {
        let id = node == "n1" ? 2 : 3
        return PodPort(
            namespace: namespace, name: name, labels: [:], uid: name, node: node, isLocal: node == "n1",
            addresses: ["10.244.\(id).\(last)/24", "fd00:10:244:\(id)::\(last)/64"].compactMap { IPNetwork($0) },
            mac: MACAddress(number: UInt64(last)), gateways: [])
    }

    private func enabled(_ value: String = "true") -> Namespace {
        Namespace(name: "x", annotations: ["k8s.ovn.org/multicast-enabled": value])
    }

    private func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(MulticastModule.self)
        try harness.apply(world + more)
        return harness
    }

    private func settings(_ node: NodeHarness) -> [String: String] {
        node.row(LogicalSwitch.self, "n1")?.map("other_config") ?? [:]
    }

    @Test(
        "until a namespace asks, in exactly one word, nobody sends or receives, and nobody keeps track of groups",
        arguments: ["", "True", "yes", "1", "false"])
    func off(value: String) throws {
        let node = try NodeHarness([ZoneStub(), MulticastModule()])
        try node.apply(world + [enabled(value)])
        func expectDenied() {
            #expect(node.rows(ACL.self).map { "\($0["priority"] ?? "") \($0["action"] ?? "")" } == Self.denied)
            #expect(node.members(Topology.localSwitch("n1").acls).count == 4)
            #expect(settings(node) == ["subnet": "kept"])
            #expect(node.row(LogicalRouter.self, Topology.clusterRouter)?.map("options") ?? [:] == [:])
            #expect(node.rows(PortGroup.self).isEmpty && node.rows(AddressSet.self).isEmpty)
        }
        expectDenied()
        try node.apply(enabled())
        #expect(node.rows(ACL.self).count == 8)
        try node.apply(enabled(value))
        expectDenied()
    }

    /// Multicast of all, but for what comes from and goes to the router.
    private static let denied = ["1011 drop", "1011 drop", "1012 allow", "1012 allow"]

    @Test("the other nodes' switches are the other nodes'")
    func remote() throws {
        let harness = try NodeHarness(MulticastModule.self)
        try harness.apply(cluster, node("n2", 3))
        #expect(harness.rows.isEmpty)
    }

    @Test("snooping, a querier in the router's name, and relay are on for all; pods may not, but those that asked may")
    func on() throws {
        let node = try NodeHarness([ZoneStub(), MulticastModule()])
        try node.apply(world + [enabled()])
        #expect(
            settings(node) == [
                "subnet": "kept", "mcast_snoop": "true", "mcast_querier": "true", "mcast_query_interval": "10",
                "mcast_eth_src": "0a:58:0a:f4:02:01",
                "mcast_ip4_src": "10.244.2.1", "mcast_ip6_src": "fe80::858:aff:fef4:201",
            ])
        #expect(node.row(LogicalRouter.self, Topology.clusterRouter)?.map("options") == ["mcast_relay": "true"])
        let all = "ip4.mcast || mldv1 || mldv2 || (ip6.dst[120..127] == 0xff && ip6.dst[116] == 1)"
        let own = node.rows(ACL.self).filter { $0.key.hasPrefix("nodenetwork") }
        #expect(own.map { $0["priority"] } == ["1011", "1011", "1012", "1012"])
        #expect(own.map { $0["action"] } == ["drop", "drop", "allow", "allow"])
        #expect(own[0]["match"] == all)
        #expect(own[3]["match"] == "outport == \"stor-n1\" && (\(all))")
        #expect(own[3]["direction"] == "to-lport")
        #expect(node.members(Topology.localSwitch("n1").acls).count == 4)
        // Where there are tiers, beside the policies of namespaces: below administrators' ones.
        #expect(node.rows(ACL.self).allSatisfy { $0["tier"] == "2" })
    }

    @Test(
        "of a family that the cluster does not have there is no word",
        arguments: [("10.244.2.0/24", "6"), ("fd00:10:244:2::/64", "4")])
    func oneFamily(subnet: String, other: String) throws {
        let harness = try NodeHarness(MulticastModule.self)
        try harness.apply(
            NodeNetwork(
                name: "n1", isLocal: true, nodeID: 2, subnets: [try #require(IPNetwork(subnet))], transit: [], join: [],
                chassisID: "c", encapsulationAddresses: []))
        let matches = harness.rows(ACL.self).compactMap { $0["match"] }
        #expect(matches.count == 4 && matches.allSatisfy { !$0.contains("ip\(other)") }, "\(matches)")
    }

    @Test("a member receives what its own namespace's pods send, wherever they run")
    func members() throws {
        let node = try harness(enabled())
        let group = try #require(node.rows(PortGroup.self).first)
        #expect(group.members("ports") == ["x_a"])
        let rules = group.members("acls").compactMap { node.row(ACL.self, $0) }
        let received = rules.filter { $0["direction"] == "to-lport" }.compactMap { $0["match"] }.sorted()
        let sent = try #require(rules.first { $0["direction"] == "from-lport" })
        #expect(sent["match"]?.hasPrefix("inport == @\(group.key) && (ip4.mcast || mldv1") == true)
        #expect(sent.map("options") == ["apply-after-lb": "true"])
        let sets = node.rows(AddressSet.self)
        #expect(
            sets.map { $0.members("addresses") } == [
                ["10.244.2.5", "10.244.3.6"], ["fd00:10:244:2::5", "fd00:10:244:3::6"],
            ])
        let isMember = "outport == @\(group.key) && "
        #expect(
            received == [
                isMember + "(igmp || mldv1 || mldv2)",
                isMember + "ip4.src == $\(sets[0].key) && ip4.mcast",
                isMember + "ip6.src == $\(sets[1].key) && ip6.dst[120..127] == 0xff && ip6.dst[116] == 1",
            ])
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        try ModuleLaws.check(MulticastModule.self, world + [enabled()])
    }
}

/// Declares the rows of others that the module adds to.
private struct ZoneStub: NodeModule {
    static let manifest = Manifest(
        name: "zone", summary: "Rows of others", reads: [NodeNetwork.self],
        writes: [.rows(LogicalSwitch.self), .rows(LogicalRouter.self)])
    func register(on node: inout NodeScope) {
        node.each(NodeNetwork.self) { node, cell throws(Rejection) in
            guard node.isLocal else { return }
            cell.add(LogicalSwitch(key: .fixed(node.name), name: node.name, otherConfig: ["subnet": "kept"]))
            cell.add(LogicalRouter(key: .fixed(Topology.clusterRouter), name: Topology.clusterRouter))
        }
    }
}
