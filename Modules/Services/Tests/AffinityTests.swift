import Core
import Model
import ModuleHarness
import Services
import Testing
import Vocabulary

@Suite("A service that keeps its clients")
struct AffinityTests {
    private let world = Surroundings()

    private func sticky(_ timeout: Int, _ change: (inout Service) -> Void = { _ in }) -> Service {
        world.service {
            $0.affinity = .clientIP
            $0.affinityTimeout = timeout
            change(&$0)
        }
    }

    private func harness(_ service: Service) throws -> NodeHarness {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + [service] + world.slices())
        return node
    }

    private func flows(_ node: NodeHarness, table: Int) -> [TableRow] {
        node.rows(Flow.self).filter { $0["bridge"] == "br-int" && $0["table"] == "\(table)" }
    }

    @Test("looks, chooses, and keeps at both places, for both families")
    func places() throws {
        let node = try harness(sticky(600))
        // Look, and two ways to count a packet; per family.
        #expect(flows(node, table: 19).count == 6 && flows(node, table: 14).count == 6)
        // One per backend, and one for backends that are gone.
        #expect(flows(node, table: 20).count == 6 && flows(node, table: 15).count == 6)
        // One to choose, and one per backend to remember; both places share the tables.
        #expect(flows(node, table: 201).count == 4 && flows(node, table: 202).count == 8)
        #expect(node.rows(LearnedFlows.self).map { $0["timeout"] } == ["600"])
        #expect(node.row(LoadBalancer.self, "Service_shop/web_TCP_cluster")?.map("options")["affinity_timeout"] == nil)
    }

    @Test(
        "leaves the clock to the plane where a flow's timer is too short for it", arguments: [65_535, 65_536, 86_400])
    func longTimes(timeout: Int) throws {
        let node = try harness(sticky(timeout))
        let actions = try #require(flows(node, table: 202).first?["actions"])
        #expect(actions.contains("limit=10000,"))
        #expect(actions.contains(timeout > 65_535 ? "idle_timeout=0," : "idle_timeout=65535,"))
        #expect(node.rows(LearnedFlows.self).map { $0["timeout"] } == ["\(timeout)"])
    }

    @Test("takes no time outside 1 to 86400, says so, and serves", arguments: [0, -5, 86_401])
    func badTimes(timeout: Int) throws {
        let node = try harness(sticky(timeout))
        #expect(node.rows(LearnedFlows.self).isEmpty)
        #expect(node.row(LoadBalancer.self, "Service_shop/web_TCP_cluster") != nil)
        #expect(node.problems.contains { $0.message.contains("\(timeout) is not from 1 to 86400") })
    }

    @Test("forgets a backend that is gone, and no other")
    func goneBackend() throws {
        let node = try harness(sticky(10))
        try node.apply(world.slice("web", .init(["10.244.2.7"], node: "n2")))
        try node.remove([EndpointSlice.id("shop", "web-v4")])
        let kept = flows(node, table: 20).compactMap { $0["actions"] }.filter { $0.contains("nat(dst=10.") }
        #expect(kept.count == 1 && kept[0].contains("10.244.2.7:8080"))
    }

    @Test("keeps the client's address on the router when its policy is Local")
    func local() throws {
        let node = try harness(
            sticky(10) {
                $0.type = .nodePort
                $0.ports[0].nodePort = 30080
                $0.externalPolicy = .local
            })
        let kept = flows(node, table: 15).filter { $0["match"]?.contains("nw_dst=172.30.0.1") == true }
            .compactMap { $0["actions"] }.filter { $0.contains("nat(") }
        #expect(kept.count == 1 && kept[0].contains("0x200/0x200->reg10") && !kept[0].contains("set_field:0x8/"))
    }

    @Test("waits for what the engine says of its tables")
    func noPipeline() throws {
        let node = try harness(sticky(10))
        try node.remove(world.pipeline.map(\.id))
        #expect(node.rows(Flow.self).filter { $0["bridge"] == "br-int" }.isEmpty)
        #expect(node.row(LoadBalancer.self, "Service_shop/web_TCP_cluster") != nil)
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        let full = sticky(10) {
            $0.type = .loadBalancer
            $0.ports[0].nodePort = 30080
            $0.externalPolicy = .local
            $0.healthCheckNodePort = 32000
            $0.ingress = [.init("172.31.1.3")]
            $0.sourceRanges = ["192.0.2.0/24"]
        }
        let rival = world.service("rival") {
            $0.type = .nodePort
            $0.clusterIPs = ["10.96.0.11"]
            $0.internalPolicy = .local
            $0.ports[0].nodePort = 30080
        }
        try ModuleLaws.check(
            ServicesModule.self, world.all + [full, rival] + world.slices() + world.slices("rival"))
    }
}
