import Core
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    private func admin(_ name: String, _ priority: Int, subject: JSON, _ rules: (String, JSON)...) -> JSON {
        let spec: [(String, JSON)] = [("priority", .integer(priority)), ("subject", subject)] + rules
        return [
            "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": ["name": .string(name)], "spec": .object(JSONObject(spec)),
        ]
    }

    private func rule(_ action: String, from peer: JSON, ports: JSON = []) -> JSON {
        ["action": .string(action), "from": [peer], "ports": ports]
    }

    /// These and nobody else reach x/b by TCP, over each family.
    private func expect(
        _ lab: PolicyLab, _ prober: Prober, port: Int = 80, reachedBy: Set<String>,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let probes = ["x/a", "x/c", "y/a", "z/a"].flatMap { from in
            lab.families.map { Probe(from: from, to: "x/b", transport: .tcp, port: port, family: $0) }
        }
        let passed = try await prober.run(probes, within: 1000)
        #expect(passed == Set(probes.filter { reachedBy.contains($0.from) }), sourceLocation: location)
    }

    @Test("admin rules come first, a Pass leaves it to the namespaces' policies, the baseline comes last")
    func tiers() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        let all: JSON = ["namespaces": [:]]
        func namespace(_ name: String) -> JSON { ["namespaces": ["matchLabels": ["ns": .string(name)]]] }
        let subject: JSON = ["pods": ["namespaceSelector": [:], "podSelector": ["matchLabels": ["pod": "b"]]]]
        let guarding = admin(
            "guard", 500, subject: subject,
            ("ingress", [rule("Pass", from: namespace("x")), rule("Deny", from: namespace("y"))]))
        let baseline: JSON = [
            "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "BaselineAdminNetworkPolicy",
            "metadata": ["name": "default"],
            "spec": [
                "subject": all,
                "ingress": [
                    rule(
                        "Allow",
                        from: ["pods": ["namespaceSelector": [:], "podSelector": ["matchLabels": ["pod": "a"]]]]),
                    rule("Deny", from: all),
                ],
            ],
        ]
        var world = World.standard
        world.more = [guarding, baseline]
        try await lab.set(world)
        // x passes on to the baseline, which allows a and not c; y is denied; z is the baseline's.
        try await expect(lab, prober, reachedBy: ["x/a", "z/a"])
        #expect(try await lab.pings("node:n1", try #require(lab.places()["x/b"]?.addresses[.v4])), "own node")

        // Isolation by a policy of the namespace hides the baseline: now c is allowed, and a is not.
        world.policies = [
            .x(
                .init(labels: ["pod": "b"]), ["Ingress"],
                ingress: [.init(peers: [.pods(namespaces: nil, pods: .init(labels: ["pod": "c"]))])])
        ]
        try await lab.set(world)
        try await expect(lab, prober, reachedBy: ["x/c"])

        // An earlier policy allows z over everything; of two with one number the first by name decides.
        world.more = [
            guarding,
            admin(
                "a", 1, subject: subject,
                ("ingress", [rule("Allow", from: namespace("z"), ports: [["portNumber": ["port": 80]]])])),
            admin("b", 1, subject: subject, ("ingress", [rule("Deny", from: all)])),
        ]
        try await lab.set(world)
        try await expect(lab, prober, reachedBy: ["z/a"])
        try await expect(lab, prober, port: 81, reachedBy: [])
        #expect(try await lab.pings("node:n1", try #require(lab.places()["x/b"]?.addresses[.v4])), "a Deny of all pods")
        for node in ["n1", "n2"] {
            let text = try Files.read("\(lab.paths.directory)/status/\(node)/AdminNetworkPolicy..b.json")
            let condition = try JSONCursor(JSON(parsing: text))["conditions"]["Ready-In-Zone-\(node)"]
            #expect(try condition["status"].string() == "True", "\(text)")
        }
        #expect(try lab.parseErrors() == [])

        // What is passed on is a port; everything else is still denied, also what has no ports.
        world.policies = []
        world.more = [
            admin(
                "part", 9, subject: subject,
                (
                    "ingress",
                    [
                        rule("Pass", from: namespace("x"), ports: [["portNumber": ["port": 80]]]),
                        rule("Deny", from: all),
                    ]
                ))
        ]
        try await lab.set(world)
        try await expect(lab, prober, reachedBy: ["x/a", "x/c"])
        try await expect(lab, prober, port: 81, reachedBy: [])
        for address in try #require(lab.places()["x/b"]).addresses.values {
            #expect(try await !lab.pings("x/a", address), "\(address)")
        }
        #expect(try lab.parseErrors() == [])
    }

    @Test("admin rules name networks, nodes and named ports, and a Deny from all pods leaves the kubelet's probes")
    func peers() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        let subject: JSON = ["pods": ["namespaceSelector": [:], "podSelector": ["matchLabels": ["pod": "b"]]]]
        let outside = lab.families.compactMap { IPAddress(LabRecord.outsideAddress($0)) }
        let nodes = lab.families.compactMap { IPAddress(lab.record.address(of: "n2", $0)) }
        try #require(outside.count == lab.families.count && nodes.count == lab.families.count)
        func out(_ peers: (String, JSON)...) -> JSON {
            admin(
                "out", 5, subject: subject,
                ("egress", .array(peers.map { ["action": "Deny", "to": [.object(JSONObject([$0]))]] })))
        }
        /// Whether all of these are reached, or none, within the time a verdict may take to follow.
        func pings(_ from: String, _ targets: [IPAddress], _ expected: Bool) async throws {
            for target in targets {
                let isSo = try await eventually(within: .seconds(5)) { try await lab.pings(from, target) == expected }
                #expect(isSo, "\(from) > \(target): \(!expected)")
                if !expected { #expect(try await !lab.pings(from, target, within: 2), "\(from) > \(target)") }
            }
        }
        var world = World.standard
        try await lab.set(world)
        try await pings("x/b", outside + nodes, true)
        world.more = [out(("networks", .array(outside.map { .string("\(IPNetwork(host: $0))") })))]
        try await lab.set(world)
        try await pings("x/b", outside, false)
        try await pings("x/b", nodes, true)
        try await pings("x/a", outside, true)
        world.more = [out(("nodes", [:]))]
        try await lab.set(world)
        try await pings("x/b", nodes, false)
        try await pings("x/b", outside, true)
        try await pings("x/a", nodes, true)

        // In y the name means the other port.
        let all: JSON = ["namespaces": [:]]
        world.more = [
            admin(
                "in", 7, subject: subject,
                ("ingress", [rule("Deny", from: all, ports: [["namedPort": "serve-80-tcp"]])]))
        ]
        try await lab.set(world)
        let probes = ["x/b", "y/b"].flatMap { to in
            TruthTable.ports.flatMap { port in
                lab.families.map { Probe(from: "z/c", to: to, transport: .tcp, port: port, family: $0) }
            }
        }
        let open = Set(probes.filter { $0.port == ($0.to == "x/b" ? 81 : 80) })
        let isSo = try await eventually(within: .seconds(5)) { try await prober.run(probes, within: 1000) == open }
        #expect(isSo)

        world.more = [admin("in", 7, subject: all, ("ingress", [rule("Deny", from: all)]))]
        try await lab.set(world)
        let table = TruthTable.probes(world.pods, lab.families, [.tcp])
        let isDenied = try await eventually(within: .seconds(5)) { try await prober.run(table, within: 600).isEmpty }
        #expect(isDenied)
        for pod in world.pods {
            for address in try #require(lab.places()[pod.key]).addresses.values {
                try await pings("node:\(pod.node)", [address], true)
                let there = address.family == .v4 ? "TCP4:\(address):80" : "TCP6:[\(address)]:80"
                let answer = try await lab.shell(
                    "node:\(pod.node)", "socat -u /dev/null \(there),connect-timeout=4 && echo yes")
                #expect(answer == "yes\n", "\(pod.key) \(address)")
            }
        }
        #expect(try lab.parseErrors() == [])
        try await lab.set(.standard)
    }

    @Test("what an administrator's rule denies is logged by its name, where its annotation asks for it")
    func adminLogging() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        let log = "\(lab.paths.engineDirectory("n1"))/ovn-controller.log"
        func policy(_ annotations: JSON) -> JSON {
            [
                "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
                "metadata": ["name": "watch", "annotations": annotations],
                "spec": [
                    "priority": 3,
                    "subject": ["pods": ["namespaceSelector": [:], "podSelector": ["matchLabels": ["pod": "b"]]]],
                    "ingress": [
                        ["action": "Allow", "from": [["namespaces": ["matchLabels": ["ns": "y"]]]]],
                        ["action": "Deny", "from": [["namespaces": [:]]]],
                    ],
                ],
            ]
        }
        var world = World.standard
        let probes = lab.families.flatMap { family in
            ["y/a", "z/a"].map { Probe(from: $0, to: "x/b", transport: .tcp, port: 80, family: family) }
        }
        /// The lines of this policy while both are tried again.
        func lines() async throws -> [Substring] {
            let start = try Files.read(log).split(separator: "\n").count
            #expect(try await prober.run(probes, within: 500) == Set(probes.filter { $0.from == "y/a" }))
            return try Files.read(log).split(separator: "\n").dropFirst(start)
                .filter { $0.contains("name=\"ANP:watch") }
        }
        world.more = [policy(["k8s.ovn.org/acl-logging": #"{"deny":"warning","allow":"info"}"#])]
        try await lab.set(world)
        let allowed = #"name="ANP:watch:Ingress:0", verdict=allow, severity=info"#
        let denied = #"name="ANP:watch:Ingress:1", verdict=drop, severity=warning"#
        let isLogged = try await eventually(within: .seconds(5)) {
            let seen = try await lines()
            return [allowed, denied].allSatisfy { text in seen.contains { $0.contains(text) } }
        }
        #expect(isLogged)
        world.more = [policy([:])]
        try await lab.set(world)
        #expect(try await lines().isEmpty)
        try await lab.set(.standard)
    }
}
