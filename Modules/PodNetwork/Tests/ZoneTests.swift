import Core
import Model
import ModuleHarness
import PodNetwork
import Testing
import Vocabulary

@Suite("The zone of a node")
struct ZoneTests {
    private func harness(_ world: Surroundings, _ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(PodNetworkModule.self)
        try harness.apply(world.all + more)
        return harness
    }

    @Test("has one remote port per other node, bound to that node's chassis, and routes to it")
    func remote() throws {
        let world = Surroundings()
        let node = try harness(world, world.node("n3", 4))
        let remote = node.rows(LogicalSwitchPort.self).filter { $0["type"] == "remote" }
        #expect(remote.map(\.key) == ["tstor-n2", "tstor-n3"])
        #expect(node.row(PortBinding.self, "tstor-n2")?["chassis"] == "sb/Chassis/chassis-n2")
        #expect(node.rows(Chassis.self).map(\.key) == ["chassis-n2", "chassis-n3"])
        let routes = node.rows(LogicalRouterStaticRoute.self).filter { $0["nexthop"] == "100.88.0.3" }
        #expect(routes.compactMap { $0["ip_prefix"] } == ["10.244.3.0/24", "100.64.0.3/32"])
        try node.remove(world.node("n2", 3), world.node("n3", 4))
        #expect(node.rows(Chassis.self).isEmpty)
        #expect(node.rows(LogicalRouterStaticRoute.self).isEmpty)
        #expect(node.rows(Encap.self).isEmpty)
    }

    @Test("follows a node that comes back with another chassis")
    func newChassis() throws {
        let world = Surroundings()
        let node = try harness(world)
        try node.apply(world.node("n2", 3, [ChassisID.key: "chassis-new"]))
        #expect(node.rows(Chassis.self).map(\.key) == ["chassis-new"])
        #expect(node.row(PortBinding.self, "tstor-n2")?["chassis"] == "sb/Chassis/chassis-new")
    }

    @Test(
        "waits in silence for a node that lacks an annotation",
        arguments: [
            NodeID.key, NodeSubnets.key, TransitAddresses.key, ChassisID.key, EncapsulationAddresses.key,
        ])
    func incomplete(key: String) throws {
        let world = Surroundings()
        let node = try harness(world, world.node("n3", 4, [key: ""]))
        #expect(node.object(NodeNetwork.self, "", "n3") == nil)
        #expect(node.object(NodeNetwork.self, "", "n2") != nil)
        #expect(node.problems.isEmpty)
    }

    @Test(
        "skips only the node whose annotation does not parse, and names it",
        arguments: [
            NodeID.key, NodeSubnets.key, TransitAddresses.key, EncapsulationAddresses.key,
        ])
    func malformed(key: String) throws {
        let world = Surroundings()
        let node = try harness(world, world.node("n3", 4, [key: "{"]))
        #expect(node.object(NodeNetwork.self, "", "n3") == nil)
        #expect(node.object(NodeNetwork.self, "", "n2") != nil)
        #expect(node.problems.map(\.object) == [Node.id("n3")])
        #expect(node.problems.first?.field.contains(key) == true)
    }

    @Test("keeps its last good rows for a node whose annotation breaks later")
    func breaks() throws {
        let world = Surroundings()
        let node = try harness(world)
        try node.apply(world.node("n2", 3, [NodeSubnets.key: "nonsense"]))
        #expect(node.row(LogicalSwitchPort.self, "tstor-n2") != nil)
        #expect(node.problems.count == 1)
    }

    @Test("has nothing of a family that the cluster does not have", arguments: [Family.v4, .v6])
    func singleStack(family: Family) throws {
        let world = Surroundings(families: [family])
        let node = try harness(world, world.pod("web"))
        #expect(node.object(PodPort.self, "shop", "web")?.addresses.map(\.family) == [family])
        let text = node.rows.filter { $0.id.table != ACL.table }.map(\.description).joined(separator: "\n")
        let foreign =
            family == .v4 ? ["fd00:", "fd97:", "fd98:", "fd69:", "ipv6"] : ["10.244", "100.88", "100.64", "169.254"]
        for word in foreign { #expect(!text.contains(word), "\(word)") }
    }

    @Test("refuses a node that has not all the cluster's families, in the words that users know")
    func missingFamily() throws {
        let world = Surroundings()
        let node = try harness(world, world.node("n3", 4, subnets: ["10.244.4.0/24"]))
        #expect(
            node.problems.first?.message
                == "failed to get expected host subnets for node n3; expected v4 true have true, "
                + "expected v6 true have false")
    }

    @Test("always has a stateful rule on its switch")
    func stateful() throws {
        let node = try harness(Surroundings())
        #expect(node.members(Topology.localSwitch("n1").acls).count == 2)
        #expect(node.rows(ACL.self).allSatisfy { $0["action"] == "allow-related" })
    }

    @Test("lists the primary family first", arguments: [[Family.v4, .v6], [.v6, .v4]])
    func primary(families: [Family]) throws {
        let world = Surroundings(families: families)
        let node = try harness(world, world.pod("web"))
        #expect(node.object(PodPort.self, "shop", "web")?.addresses.map(\.family) == families)
        let settings = try #require(node.row(OpenVSwitch.self, ".")?.map("external_ids"))
        #expect(settings["ovn-encap-ip"] == (families[0] == .v4 ? "172.30.0.2" : "fd30::2"))
    }

    @Test("tunnels from the configured addresses when the node has them, and says so when it has not")
    func tunnelEnds() throws {
        let node = try harness(Surroundings())
        var local = Surroundings().local
        local.encapsulationAddresses = [address("172.30.9.9")]
        func ends() -> String? { node.row(OpenVSwitch.self, ".")?.map("external_ids")["ovn-encap-ip"] }
        try node.apply(local)
        #expect(node.problems.map(\.reason) == ["NoSuchAddress"])
        #expect(node.problems.first?.message.contains("172.30.9.9") == true)
        #expect(ends() == "172.30.0.2", "what worked stays")
        try node.apply(LinkAddress(device: "e1", address: net("172.30.9.9/24")))
        #expect(node.problems.isEmpty)
        #expect(ends() == "172.30.9.9")
    }

    @Test("tells the port of the tunnels only when it is not the usual one", arguments: [6081, 6083])
    func tunnelPort(port: Int) throws {
        let world = Surroundings()
        let node = try harness(world)
        var cluster = world.cluster
        cluster.encapsulationPort = port
        try node.apply(cluster)
        let options = try #require(node.row(Encap.self, "geneve 172.30.0.3")?.map("options"))
        #expect(options == (port == 6081 ? ["csum": "true"] : ["csum": "true", "dst_port": "6083"]))
    }

    @Test("gives what the host sends to pods its address there, but for the networks of the node's annotation")
    func sources() throws {
        let world = Surroundings()
        let node = try harness(world)
        let rules = try #require(node.row(NetfilterChain.self, "inet management-port")?["rules"])
        #expect(rules.contains("snat ip to 10.244.2.2") && rules.contains("snat ip6 to fd00:10:244:2::2"))
        #expect(node.row(NetfilterSet.self, "inet management-kept-v4")?.members("elements") == [])
        let kept = [AnnotationKey.ingressSNATExcludeSubnets: #"["192.0.2.0/24"]"#]
        try node.apply(world.node("n1", 2, kept))
        #expect(node.row(NetfilterSet.self, "inet management-kept-v4")?.members("elements") == ["192.0.2.0/24"])
        try node.apply(world.node("n1", 2, [AnnotationKey.ingressSNATExcludeSubnets: "nonsense"]))
        #expect(node.problems.map(\.reason) == ["BadAnnotation"])
        #expect(node.row(NetfilterSet.self, "inet management-kept-v4")?.members("elements") == ["192.0.2.0/24"])
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        let world = Surroundings()
        let attachment = Model.Attachment(
            sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: "web", podUID: "uid-web")
        try ModuleLaws.check(
            PodNetworkModule.self,
            world.all + [
                attachment, world.pod("web"), world.pod("db"),
                world.pod("far", on: "n2") { $0.annotations = world.annotation("10.244.3.5/24") },
                LinkAddress(device: "bre0", address: net("172.30.0.2/24")),
            ],
            broken: [world.pod("far", on: "n2") { $0.annotations[PodNetworks.key] = "{" }])
    }
}

@Suite("What the cluster manager gives out")
struct NodeAllocationTests {
    private let bare = (1...3).map { Node(name: "n\($0)", internalAddresses: []) }

    private func annotations(_ harness: ClusterHarness) -> [String: [String: String]] {
        Dictionary(uniqueKeysWithValues: harness.rows(ObjectStatus.self).map { ($0.key, $0.map("annotations")) })
    }

    @Test("ids and subnets differ between nodes, and lie in the cluster's ranges")
    func distinct() throws {
        let manager = try ClusterHarness(PodNetworkModule.self)
        try manager.apply([Surroundings().cluster] + bare)
        let given = annotations(manager)
        #expect(given.count == 3)
        #expect(Set(given.values.compactMap { $0[NodeID.key] }).count == 3)
        let subnets = try given.values.flatMap { try #require(try $0.annotation(NodeSubnets.self)).subnets }
        #expect(Set(subnets).count == 6)
        #expect(
            subnets.allSatisfy { net("10.244.0.0/16").overlaps($0) || net("fd00:10:244::/48").overlaps($0) })
    }

    @Test("what is annotated is honoured before anything is given out")
    func honoured() throws {
        let manager = try ClusterHarness(PodNetworkModule.self)
        let old = Surroundings().node("n9", 7, subnets: ["10.244.200.0/24", "fd00:10:244:c8::/64"])
        try manager.apply([Surroundings().cluster] + bare + [old])
        let own = try #require(annotations(manager)["Node/n9"])
        #expect(own[NodeID.key] == "7")
        #expect(own[NodeSubnets.key] == #"{"default":["10.244.200.0/24","fd00:10:244:c8::/64"]}"#)
    }

    @Test("when no subnet is left the node is told so, and the others keep theirs")
    func exhausted() throws {
        var world = Surroundings(families: [.v4])
        world.v4 = "10.244.0.0/23"
        let manager = try ClusterHarness(PodNetworkModule.self)
        try manager.apply([world.cluster] + bare)
        #expect(annotations(manager).count == 2)
        #expect(manager.problems.map(\.reason) == ["NoSubnetLeft"])
        #expect(manager.problems.first?.message.contains("10.244.0.0/23") == true)
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        try ModuleLaws.checkCluster(PodNetworkModule.self, [Surroundings().cluster] + bare)
    }

    @Test("a node without the check of sizes tells its peers, and its routers tell no sender")
    func sizes() throws {
        let world = Surroundings()
        let node = try NodeHarness(PodNetworkModule.self)
        try node.apply(world.all)
        func port() -> TableRow? { node.row(LogicalRouterPort.self, "rtos-n1") }
        func note() -> String? {
            node.row(ObjectStatus.self, "Node/n1")?.map("annotations")[AnnotationKey.gatewayMTUSupport]
        }
        #expect(port()?.map("options") == ["gateway_mtu": "1400"] && note() == nil)
        var local = world.local
        local.gateway.disablePacketMTUCheck = true
        try node.apply(local)
        #expect(port()?.map("options") == [:] && note() == "false")
    }
}
