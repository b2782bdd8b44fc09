import Core
import Linux
import Model
import Testing

@testable import Lab

/// What the command line says about policies, beside what packets do.
extension InLabs.Acceptance {
    private func ovenbird(_ lab: PolicyLab, _ arguments: String...) async throws -> Command.Outcome {
        let command = [Executables.ovenbird] + arguments + ["--lab", lab.paths.name]
        return try await onThread { try Command(command, deadline: .seconds(20)).outcome() }
    }

    private static let open = PolicyDocument.x(
        .init(labels: ["pod": "a"]), ["Ingress"],
        ingress: [
            .init(
                peers: [.pods(namespaces: .init(labels: ["ns": "y"]), pods: nil)],
                ports: [.init(number: 80), .init(transport: .udp, number: 80, end: 81)])
        ])

    @Test("`can` says what packets do, on a node and across, and who decides")
    func can() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = [
            Self.open,
            PolicyDocument(
                namespace: "y", name: "out", subject: .init(labels: ["pod": "b"]), types: ["Egress"], ingress: nil,
                egress: []),
        ]
        try await lab.set(world)
        for (from, to, traffic, decider) in [
            ("y/a", "x/a", "tcp/80", "NetworkPolicy/x/p, entering x/a on n1"),
            ("y/a", "x/a", "tcp/81", "NetworkPolicy/x/p, entering x/a on n1"),
            ("y/c", "x/a", "udp/81", "NetworkPolicy/x/p, entering x/a on n1"),
            ("z/c", "x/a", "tcp/80", "NetworkPolicy/x/p, entering x/a on n1"),
            ("y/b", "z/c", "tcp/80", "NetworkPolicy/y/out, leaving y/b on n1"),
            ("x/a", "y/c", "tcp/81", "no policy is in the way"),
        ] {
            let answer = try await ovenbird(lab, "can", from, to, traffic)
            let parts = traffic.split(separator: "/")
            let transport = try #require(TransportProtocol(rawValue: parts[0].uppercased()))
            let probes = lab.families.map {
                Probe(from: from, to: to, transport: transport, port: Int(parts[1]) ?? 0, family: $0)
            }
            let passed = try await prober.run(probes, within: 1000).count == probes.count
            #expect(
                answer.output == "\(passed ? "yes" : "no"): \(decider)\n", "\(from) \(to) \(traffic) \(answer.errors)")
            #expect(answer.exit == .code(passed ? 0 : 1))
        }
        let own = try await ovenbird(lab, "can", "node:n1", "x/a", "tcp/9999")
        #expect(own.exit == .code(0), "the own node: \(own.output)")
        let other = try await ovenbird(lab, "can", "node:n2", "x/a", "tcp/9999")
        #expect(other.exit == .code(1), "another node: \(other.output)")
        let bad = try await ovenbird(lab, "can", "x/a", "x/b", "tcp/web")
        #expect(bad.exit == .code(2) && bad.errors.contains("BadTraffic"), "\(bad.errors)")
    }

    @Test("`explain` names the policies that isolate a pod, and what each lets through")
    func explain() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.policies = [Self.open]
        try await lab.set(world)
        let isolated = try await ovenbird(lab, "explain", "pod", "x/a").output
        #expect(isolated.contains("network-policy: in: isolated, but for what is listed · out: open"), "\(isolated)")
        let row = isolated.split(separator: "\n").first { $0.contains("NetworkPolicy/x/p") }
        #expect(row?.hasSuffix("tcp/80 udp/80-81 from all pods of namespaces ns=y") == true, "\(isolated)")
        let open = try await ovenbird(lab, "explain", "pod", "x/b").output
        #expect(open.contains("network-policy: in: open · out: open"), "\(open)")
        #expect(!open.contains("NetworkPolicy/"), "\(open)")
    }
}
