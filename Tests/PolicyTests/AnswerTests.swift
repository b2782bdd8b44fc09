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
            let seen = try await prober.run(probes, within: 1000)
            #expect(seen.isEmpty || seen.count == probes.count, "\(seen)")
            let passed = !seen.isEmpty
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

    @Test("`can` tells of a service by each of its backends, through the engine's own load balancer")
    func canService() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        for index in world.pods.indices where ["x/a", "x/c"].contains(world.pods[index].key) {
            world.pods[index].labels["answers"] = "yes"
        }
        let service: JSON = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "both", "namespace": "x"],
            "spec": [
                "clusterIPs": ["10.96.0.60", "fd00:10:96::60"], "ipFamilies": ["IPv4", "IPv6"],
                "ipFamilyPolicy": "RequireDualStack", "selector": ["answers": "yes"],
                "ports": [["name": "web", "port": 8000, "targetPort": 80]],
            ],
        ]
        world.more = [service]
        // Of the two backends one is near and one far; the near one lets nobody in but y.
        world.policies = [
            .x(
                .init(labels: ["pod": "a"]), ["Ingress"],
                ingress: [.init(peers: [.pods(namespaces: .init(labels: ["ns": "y"]), pods: nil)])])
        ]
        try await lab.set(world)
        let places = try lab.places()
        func lines(_ from: String) throws -> [String] {
            try ["x/a", "x/c"].flatMap { pod in
                try lab.families.map { family in
                    let address = try #require(places[pod]?.addresses[family])
                    let at = family == .v4 ? "\(address):80" : "[\(address)]:80"
                    if from == pod { return "  \(pod) \(at): yes: itself, which no policy forbids" }
                    if pod == "x/c" { return "  \(pod) \(at): yes: no policy is in the way" }
                    let word = from.hasPrefix("y/") ? "yes" : "no"
                    return "  \(pod) \(at): \(word): NetworkPolicy/x/p, entering x/a on n1"
                }
            }
        }
        for (from, passed) in [("y/a", 4), ("y/c", 4), ("x/b", 2), ("z/c", 2), ("x/a", 4)] {
            let answer = try await ovenbird(lab, "can", from, "service:x/both", "tcp/8000")
            let said = answer.output.split(separator: "\n").map(String.init)
            #expect(said.first == "\(passed == 4 ? "yes" : "partly"): to \(passed) of 4 backends", "\(answer)")
            #expect(Set(said.dropFirst()) == Set(try lines(from)), "\(from): \(answer)")
            #expect(answer.exit == .code(passed == 4 ? 0 : 1))
            // As packets have it: all connections come about, or some do and some do not.
            let address = try #require(IPAddress("10.96.0.60"))
            var seen: [Bool] = []
            while seen.count < 10 || (passed < 4 && seen.count < 60 && Set(seen).count < 2) {
                seen.append(
                    try await prober.connects(from, to: address, port: 8000, within: passed == 4 ? 4000 : 400))
            }
            #expect(Set(seen) == (passed == 4 ? [true] : [true, false]), "\(from): \(seen)")
        }
        let json = try JSON(parsing: await ovenbird(lab, "can", "z/c", "10.96.0.60", "tcp/8000", "-o", "json").output)
        #expect(json["allowed"] == false)
        guard case .array(let ways)? = json["ways"] else { throw LabFailure("no ways in \(json)") }
        #expect(ways.map { $0["allowed"] == true } == ways.map { $0["backend"]?.text().contains("x/c") == true })
        let closed = try await ovenbird(lab, "can", "z/c", "service:x/both", "tcp/8001")
        #expect(closed.output == "no: nothing answers there for tcp/8001\n" && closed.exit == .code(1), "\(closed)")
        let hint = try await ovenbird(lab, "can", "z/c", "x/both", "tcp/8000")
        #expect(hint.exit == .code(1) && hint.errors.contains("ovenbird can z/c service:x/both tcp/8000"), "\(hint)")
        let none = try await ovenbird(lab, "can", "z/c", "service:x/nobody", "tcp/8000")
        #expect(none.exit == .code(1) && none.errors.contains("NotFound"), "\(none)")
        try await lab.set(.standard)
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
