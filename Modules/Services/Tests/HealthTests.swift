import Core
import Model
import ModuleHarness
import Services
import Testing
import Vocabulary

@Suite("Health checks of a service")
struct HealthTests {
    private let world = Surroundings()

    private func harness(_ objects: [any Kind]) throws -> NodeHarness {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + objects)
        return node
    }

    private func service(
        _ name: String = "web", _ day: Int = 1, check: Int, nodePort: Int = 0, transport: String = "TCP"
    ) -> Service {
        world.service(name) {
            $0.type = .loadBalancer
            $0.created = "2026-01-0\(day)T00:00:00Z"
            $0.clusterIPs = ["10.96.0.\(day)"]
            $0.externalPolicy = .local
            $0.healthCheckNodePort = check
            $0.ports[0].nodePort = nodePort
            $0.ports[0].transport = transport
        }
    }

    private func events(_ node: NodeHarness, _ service: String = "web") -> [String] {
        node.problems.filter { $0.object == Service.id("shop", service) }.map { "\($0.field): \($0.message)" }
    }

    /// Which service answers on the port.
    private func answering(_ node: NodeHarness, _ port: Int) -> String? {
        node.row(HTTPAnswer.self, "\(port)")?["body"].flatMap { body in
            ["web", "old", "new"].first { body.contains("\"name\":\"\($0)\"") }
        }
    }

    @Test("are answered with its ready local endpoints, while its policy is Local")
    func health() throws {
        func balanced(_ policy: Service.Policy) -> Service {
            world.service {
                $0.type = .loadBalancer
                $0.externalPolicy = policy
                $0.healthCheckNodePort = 32000
            }
        }
        let node = try harness([balanced(.local), world.slice("web", .init(["10.244.1.5"], node: "n1"))])
        #expect(node.row(HTTPAnswer.self, "32000")?["status"] == "200")
        try node.apply(
            world.slice("web", .init(["10.244.1.5"], ready: false, serving: true, terminating: true, node: "n1")))
        #expect(node.row(HTTPAnswer.self, "32000")?["status"] == "503")
        try node.apply(balanced(.cluster))
        #expect(node.rows(HTTPAnswer.self).isEmpty)
    }

    @Test("at a number that is no port are not answered, and the rest is served", arguments: [-1, 65_536, 70_000])
    func badPort(number: Int) throws {
        let node = try harness([service(check: number)])
        #expect(node.rows(HTTPAnswer.self).isEmpty && node.rows(LoadBalancer.self).count == 2)
        #expect(events(node) == ["spec.healthCheckNodePort: \(number) is not from 1 to 65535"])
    }

    @Test("of two services at one port are the older one's, and the other's when that one goes")
    func twoServices() throws {
        let node = try harness([service("new", 2, check: 32000), service("old", 1, check: 32000)])
        #expect(answering(node, 32000) == "old" && events(node, "old").isEmpty)
        #expect(
            events(node, "new") == [
                "spec.healthCheckNodePort: tcp node:32000 belongs to the older service shop/old; choose another"
            ])
        #expect(node.row(LoadBalancer.self, "Service_shop/new_TCP_node_switch_n1") != nil)
        try node.remove([Service.id("shop", "old")])
        #expect(answering(node, 32000) == "new" && events(node, "new").isEmpty)
    }

    @Test("and a node port of the same number belong to the older service")
    func nodePort() throws {
        let node = try harness([service("new", 2, check: 32000), service("old", 1, check: 0, nodePort: 32000)])
        #expect(node.rows(HTTPAnswer.self).isEmpty)
        #expect(events(node, "new").count == 1 && events(node, "new")[0].contains("shop/old"))
        try node.apply(service("old", 3, check: 0, nodePort: 32000))
        #expect(answering(node, 32000) == "new" && events(node, "new").isEmpty)
        #expect(node.row(LoadBalancer.self, "Service_shop/old_TCP_node_switch_n1")?.map("vips").count == 1)
        #expect(events(node, "old").count == 1 && events(node, "old")[0].hasPrefix("spec.ports: tcp node:32000"))
    }

    @Test("do not get in the way of datagrams, nor of node ports that are not served")
    func noConflict() throws {
        let node = try harness([
            service("new", 2, check: 32000), service("old", 1, check: 0, nodePort: 32000, transport: "UDP"),
        ])
        #expect(answering(node, 32000) == "new" && node.problems.isEmpty)
        var world = world
        world.nodePorts = false
        let other = try NodeHarness(ServicesModule.self)
        try other.apply(
            world.all + [service("new", 2, check: 32000), service("old", 1, check: 0, nodePort: 32000)])
        #expect(answering(other, 32000) == "new" && other.problems.isEmpty)
    }

    @Test("at a node port of the service itself are not answered")
    func ownNodePort() throws {
        let node = try harness([service(check: 32000, nodePort: 32000)])
        #expect(node.rows(HTTPAnswer.self).isEmpty)
        #expect(
            events(node) == ["spec.healthCheckNodePort: TCP 32000 is that of spec.ports[0].nodePort; choose another"])
    }
}
