import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// Services change, and are wrong.
extension Packets.Services {
    private func rows(_ lab: PacketLab, _ service: String, on node: String = "n1") async throws -> Set<String> {
        let output = try await lab.shell(
            "node:\(node)",
            "ovn-nbctl --bare --columns=name find Load_Balancer external_ids:k8s.ovn.org/owner=t/\(service)")
        return Set(output.split(separator: "\n").map { String($0.dropFirst("Service_t/".count)) })
    }

    @Test("change with their external policy in one transaction, and leave no row behind", .timeLimit(.minutes(3)))
    func policyFlip() async throws {
        let lab = try Packets.lab()
        var service = ServiceLab.Description(name: "flip", number: 64, nodePort: 30064)
        let cluster: Set = [
            "flip_TCP_cluster", "flip_UDP_cluster", "flip_TCP_node_router+switch_n1", "flip_UDP_node_router+switch_n1",
        ]
        let local: Set = [
            "flip_TCP_cluster", "flip_UDP_cluster", "flip_TCP_node_switch_n1", "flip_UDP_node_switch_n1",
            "flip_TCP_node_local_router_n1", "flip_UDP_node_local_router_n1",
        ]
        try await lab.put(service)
        #expect(try await eventually(within: .seconds(20)) { try await rows(lab, "flip") == cluster })
        for expected in [local, cluster] {
            service.more = expected == local ? ["externalTrafficPolicy: Local"] : []
            let before = try await lab.settledWrites("n1")
            try await lab.put(service)
            #expect(try await eventually(within: .seconds(20)) { try await rows(lab, "flip") == expected })
            #expect(try await lab.settledWrites("n1") == before + 1)
        }
        try lab.remove(service)
        #expect(try await eventually(within: .seconds(20)) { try await rows(lab, "flip").isEmpty })
    }

    @Test("that end while the daemon is down leave nothing, and the others are not touched", .timeLimit(.minutes(3)))
    func deletedMeanwhile() async throws {
        let lab = try Packets.lab()
        let gone = ServiceLab.Description(name: "gone", number: 65, nodePort: 30065)
        let stays = ServiceLab.Description(name: "stays", number: 66, nodePort: 30066)
        try await lab.put(gone)
        try await lab.put(stays)
        #expect(try await eventually(within: .seconds(20)) { try await rows(lab, "gone").count == 4 })
        #expect(try await eventually(within: .seconds(20)) { try await rows(lab, "stays").count == 4 })
        func versions() async throws -> String {
            let query = """
                ["OVN_Northbound", {"op": "select", "table": "Load_Balancer", "columns": ["_uuid", "_version"],
                "where": [["external_ids", "includes", ["map", [["k8s.ovn.org/owner", "t/stays"]]]]]}]
                """
            return try await lab.shell("node:n1", "ovsdb-client transact $OVN_NB_DB '\(query)'")
        }
        func flows() async throws -> String {
            try await lab.shell(
                "node:n1",
                "ovs-ofctl -O OpenFlow15 dump-flows unix:\(lab.paths.runDirectory("n1"))/engine/bre0.mgmt "
                    + "| grep -c tp_dst=30065 || true")
        }
        let before = try await versions()
        #expect(try await eventually(within: .seconds(20)) { try await flows() == "4\n" })
        let pid = try #require(
            try await lab.report { $0.nodes.contains { $0.name == "n1" && $0.pid != nil } }
                .nodes.first { $0.name == "n1" }?.pid)
        kill(pid_t(pid), SIGSTOP)
        try lab.remove(gone)
        kill(pid_t(pid), SIGKILL)
        try await lab.report { $0.nodes.contains { $0.name == "n1" && $0.pid != pid && $0.isReady } }
        #expect(try await eventually(within: .seconds(10)) { try await rows(lab, "gone").isEmpty })
        #expect(try await eventually(within: .seconds(20)) { try await flows() == "0\n" })
        #expect(try await versions() == before)
        try lab.remove(stays)
    }

    @Test("tell load balancers outside whether the node has a ready endpoint", .timeLimit(.minutes(3)))
    func health() async throws {
        let lab = try Packets.lab()
        var service = ServiceLab.Description(
            name: "health", number: 67, type: "LoadBalancer",
            more: ["externalTrafficPolicy: Local", "healthCheckNodePort: 32067"], ingress: ["172.31.9.7"])
        let node = try await lab.address("node:n1", .v4)
        func ask() async throws -> (status: String, body: String) {
            let output = try await lab.outcome(
                "outside", "sh", "-c",
                "printf 'GET / HTTP/1.1\\r\\nHost: n1\\r\\nConnection: close\\r\\n\\r\\n' | socat -T2 - TCP4:\(node):32067"
            ).output
            let lines = output.split(separator: "\r\n")
            return (lines.first.map(String.init) ?? "", lines.last.map(String.init) ?? "")
        }
        try await lab.put(service)
        #expect(try await eventually(within: .seconds(20)) { try await ask().status == "HTTP/1.1 200 OK" })
        let body = JSONCursor(try JSON(parsing: try await ask().body))
        #expect(try body["localEndpoints"].integer() == 1)
        #expect(try body["service"]["namespace"].string() == "t" && body["service"]["name"].string() == "health")
        service.conditions = ["s1": "ready: false, serving: true, terminating: true"]
        try await lab.put(service)
        let isDown = try await eventually(within: .seconds(2)) {
            let (status, body) = try await ask()
            return status == "HTTP/1.1 503 Service Unavailable" && body.contains("\"localEndpoints\":0")
        }
        #expect(isDown)
        try lab.remove(service)
        #expect(try await eventually(within: .seconds(20)) { try await ask().status.isEmpty })
        let refused = try await lab.connect("outside", node, 32067)
        #expect(refused == [.refused])
    }

    @Test(
        "that want the same address and port: the older has it, the newer is told, and follows", .timeLimit(.minutes(3))
    )
    func rivals() async throws {
        let lab = try Packets.lab()
        try await lab.routeExternal()
        func service(_ name: String, _ number: Int, _ created: String, _ pod: String) -> ServiceLab.Description {
            ServiceLab.Description(
                name: name, number: number, type: "ClusterIP", more: ["externalIPs: [172.31.8.2]"], pods: [pod],
                created: created)
        }
        let older = service("older", 68, "2026-01-01T00:00:00Z", "s1")
        let newer = service("newer", 69, "2026-01-02T00:00:00Z", "s2")
        let address = try #require(IPAddress("172.31.8.2"))
        try await lab.put(newer)
        try await lab.waitFor("outside", address, 80, ["s2"])
        try await lab.put(older)
        try await lab.waitFor("outside", address, 80, ["s1"])
        let told = try await lab.ovenbird("explain", "service", "t/newer", "--node", "n1")
        #expect(told.output.contains("belongs to the older service t/older") && !told.succeeded, "\(told.output)")
        let status = try await lab.ovenbird("status")
        #expect(status.output.contains("Service/t/newer") && !status.output.contains("Service/t/older"))
        // The newer's own address is served all the while.
        try await lab.waitFor("t/ask", try #require(newer.addresses(.v4)), 80, ["s2"])
        try lab.remove(older)
        try await lab.waitFor("outside", address, 80, ["s2"])
        #expect(try await lab.ovenbird("explain", "service", "t/newer", "--node", "n1").succeeded)
        try lab.remove(newer)
    }

    @Test("let traffic through that only has their port, to somebody behind the node", .timeLimit(.minutes(3)))
    func transit() async throws {
        let lab = try Packets.lab()
        try await lab.routeExternal()
        try await lab.put(ServiceLab.cluster)
        try await lab.waitFor("outside", try await lab.address("node:n1", .v4), 30050, ServiceLab.answering)
        for address in ["172.31.77.1", "fd31:77::1"].compactMap({ IPAddress($0) }) {
            let prefix = address.family == .v4 ? 32 : 128
            try await lab.shell("node:n1", "ip addr add \(address)/\(prefix) dev lo")
            try await lab.answering("node:n1", 30050, as: "behind") {
                let outcomes = try await lab.connect("outside", address, 30050, times: 3)
                #expect(outcomes.allSatisfy { $0.name == "behind" }, "\(outcomes)")
            }
            try await lab.shell("node:n1", "ip addr del \(address)/\(prefix) dev lo")
        }
    }
}
