import Core
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    private func service(_ name: String, _ number: Int, selecting pod: String) -> JSON {
        [
            "apiVersion": "v1", "kind": "Service",
            "metadata": ["name": .string(name), "namespace": "x"],
            "spec": [
                "type": "ClusterIP",
                "clusterIPs": [.string(address(number))], "ipFamilies": ["IPv4"],
                "selector": ["pod": .string(pod)],
                "ports": [["name": "web", "port": 8000, "targetPort": 80, "protocol": "TCP"]],
            ],
        ]
    }

    private func address(_ number: Int) -> String { "10.96.0.\(number)" }

    @Test("of a service with one allowed backend and one that is not, some connections come about")
    func halfAllowed() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        for index in world.pods.indices where ["x/a", "x/b"].contains(world.pods[index].key) {
            world.pods[index].labels["half"] = "yes"
        }
        var both = service("half", 52, selecting: "a")
        if case .object(var whole) = both, case .object(var spec)? = whole["spec"] {
            spec["selector"] = ["half": "yes"]
            whole["spec"] = .object(spec)
            both = .object(whole)
        }
        world.more = [both]
        world.policies = [
            .x(
                .init(labels: ["pod": "c"]), ["Egress"],
                egress: [.init(peers: [.pods(namespaces: nil, pods: .init(labels: ["pod": "a"]))])])
        ]
        try await lab.set(world)
        let target = try #require(IPAddress(address(52)))
        var passed = 0
        for _ in 0..<30 where try await prober.connects("x/c", to: target, port: 8000, within: 150) { passed += 1 }
        #expect((3...27).contains(passed), "\(passed) of 30")
        try await lab.set(.standard)
    }

    @Test("egress rules name backends and never services; a pod reaches itself through a service, isolated or not")
    func services() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        let a = try #require(prober.places["x/a"]?.addresses[.v4])
        var world = World.standard
        world.more = [service("one", 50, selecting: "a"), service("other", 51, selecting: "b")]
        let one = try #require(IPAddress(address(50)))
        let other = try #require(IPAddress(address(51)))
        try await lab.set(world)
        for source in ["x/c", "x/a", "y/b"] {
            #expect(try await prober.connects(source, to: one, port: 8000), "\(source), without policies")
        }
        world.policies = [
            .x(
                .init(), ["Ingress", "Egress"],
                ingress: [.init(peers: [.pods(namespaces: nil, pods: .init(labels: ["pod": "c"]))])],
                egress: [
                    .init(
                        peers: [.pods(namespaces: nil, pods: .init(labels: ["pod": "a"]))], ports: [.init(number: 80)])
                ])
        ]
        try await lab.set(world)
        #expect(try await prober.connects("x/c", to: one, port: 8000), "the backend is allowed")
        #expect(try await !prober.connects("x/c", to: other, port: 8000), "the other's is not")
        #expect(try await prober.connects("x/c", to: a, port: 80), "directly")
        #expect(try await !prober.connects("x/c", to: a, port: 81), "another port")
        #expect(try await prober.connects("x/a", to: one, port: 8000), "itself")
        #expect(try await prober.connects("x/b", to: other, port: 8000), "itself, though nothing allows it")
        #expect(try await !prober.connects("y/b", to: one, port: 8000), "a stranger")
        try await lab.set(.standard)
    }
}
