import Core
import Model
import ModuleHarness
import Services
import Testing
import Vocabulary

@Suite("Services that want the same")
struct ConflictTests {
    private let world = Surroundings()

    private func harness(_ objects: [any Kind]) throws -> NodeHarness {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + objects)
        return node
    }

    /// Endpoints of the ports `a`, `b` and `c`.
    private var slices: [EndpointSlice] {
        [("a", 5), ("b", 6), ("c", 7)].map { name, host in
            EndpointSlice(
                namespace: "shop", name: "web-\(name)", service: "web", ports: [.init(8080, name: name)],
                endpoints: [.init(["10.244.1.\(host)"], node: "n1")])
        }
    }

    private func service(_ ports: Service.Port...) -> Service {
        world.service {
            $0.type = .nodePort
            $0.clusterIPs = ["10.96.0.10"]
            $0.ports = ports
        }
    }

    @Test("in two ports of one service leave a node port to the first, and the rest to both")
    func nodePorts() throws {
        let node = try harness(
            slices + [
                service(
                    .init(80, name: "a", nodePort: 30080), .init(81, name: "b", nodePort: 30080),
                    .init(82, name: "c", transport: "UDP", nodePort: 30080))
            ])
        #expect(vips(node, "web_TCP_node_router+switch_n1") == ["172.30.0.1:30080": "10.244.1.5:8080"])
        #expect(
            vips(node, "web_TCP_cluster") == ["10.96.0.10:80": "10.244.1.5:8080", "10.96.0.10:81": "10.244.1.6:8080"])
        #expect(vips(node, "web_UDP_node_switch_n1")["172.30.0.1:30080"] == "")
        #expect(
            events(node) == [
                "spec.ports[1].nodePort: TCP 30080 is that of spec.ports[0].nodePort; choose another"
            ])
        #expect(
            node.row(NetfilterSet.self, "inet service-ports-v4")?.members("elements").sorted()
                == ["tcp . 30080 : 10.96.0.10 . 80", "udp . 30080 : 10.96.0.10 . 82"])
    }

    @Test("in two ports of one service leave a port to the first, and nothing to the second")
    func ports() throws {
        let node = try harness(
            slices + [
                service(
                    .init(80, name: "a", nodePort: 30080), .init(80, name: "b", nodePort: 30081),
                    .init(81, name: "c", nodePort: 30082))
            ])
        #expect(
            vips(node, "web_TCP_cluster") == ["10.96.0.10:80": "10.244.1.5:8080", "10.96.0.10:81": "10.244.1.7:8080"])
        #expect(
            vips(node, "web_TCP_node_router+switch_n1").keys.sorted() == ["172.30.0.1:30080", "172.30.0.1:30082"])
        #expect(events(node) == ["spec.ports[1].port: TCP 80 is that of spec.ports[0].port; choose another"])
    }

    @Test("do not lead the host's processes from a node port of one to the other")
    func hostTables() throws {
        let older = world.service("older") {
            $0.created = "2026-01-01T00:00:00Z"
            $0.clusterIPs = ["10.96.0.10"]
        }
        var newer = service(.init(80, name: "a", nodePort: 30080), .init(81, name: "b", nodePort: 30081))
        newer.created = "2026-01-02T00:00:00Z"
        let node = try harness(slices + [older, newer])
        #expect(
            node.row(NetfilterSet.self, "inet service-ports-v4")?.members("elements")
                == ["tcp . 30081 : 10.96.0.10 . 81"])
        #expect(events(node).count == 1 && events(node).allSatisfy { $0.contains("shop/older") })
    }
}
