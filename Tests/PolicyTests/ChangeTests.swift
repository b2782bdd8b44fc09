import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    /// A pod with these addresses.
    private func newcomer(_ namespace: String, _ addresses: [IPNetwork]) -> JSON {
        let mac = addresses.first.map { "\(MACAddress(for: $0.address))" } ?? ""
        let list = addresses.map { "\"\($0)\"" }.joined(separator: ",")
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": "fresh", "namespace": .string(namespace),
                "annotations": [
                    "k8s.ovn.org/pod-networks": .string(
                        #"{"default":{"ip_addresses":[\#(list)],"mac_address":"\#(mac)"}}"#)
                ],
            ],
            "spec": [
                "nodeName": "n1",
                "containers": [["name": "main", "image": "none", "command": ["sleep", "infinity"]]],
            ],
        ]
    }

    /// How many datagrams reach a pod that comes into being while they are sent to its address, from its first moment on:
    /// the kernel counts also those that nobody waits for. They come from another node, where nobody has to find the
    /// pod's MAC first.
    private func received(_ lab: PolicyLab, in namespace: String, last: Int) async throws -> Int {
        let near = try #require(lab.places()["x/a"]).addresses
        let addresses = lab.families.compactMap { family in
            near[family].flatMap { IPNetwork($0, length: family == .v4 ? 24 : 64) }.map {
                $0.interface($0.network[last])
            }
        }
        var world = World.standard
        world.policies = [.x()]
        try await lab.set(world)
        return try await lab.prober().sending("z/c", to: addresses.map(\.address), port: 9999) {
            world.more = [newcomer(namespace, addresses)]
            try await lab.set(world)
            let isUp = try await eventually(within: .seconds(10)) { try lab.places()["\(namespace)/fresh"] != nil }
            try #require(isUp)
            // Packets had all the time they need.
            let counters = "sleep 1; cat /proc/net/snmp /proc/net/snmp6"
            let text = try await lab.shell("\(namespace)/fresh", counters)
            return try Self.datagrams(text)
        }
    }

    /// What `/proc/net/snmp` and `/proc/net/snmp6` count of datagrams that came, to somebody or to nobody.
    private static func datagrams(_ text: String) throws -> Int {
        let lines = text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        let v4 = lines.filter { $0.first == "Udp:" }
        let names = try #require(v4.first)
        let values = Dictionary(zip(names, try #require(v4.last))) { first, _ in first }
        let v6 = Dictionary(lines.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
        return try ["InDatagrams", "NoPorts"].reduce(0) { sum, name in
            sum + (try #require(values[Substring(name)].flatMap { Int($0) }))
                + (try #require(v6[Substring("Udp6\(name)")].flatMap { Int($0) }))
        }
    }

    @Test("not a packet reaches a new pod of an isolated namespace, from before it is there")
    func freshPod() async throws {
        let lab = try PolicyLab.get()
        let isolated = try await received(lab, in: "x", last: 250)
        #expect(isolated == 0)
        let open = try await received(lab, in: "y", last: 251)
        // One each 5 ms to each of two addresses, for a second and more.
        #expect(open > 100, "what would be received is")
        try await lab.set(.standard)
    }

    @Test("a stream stops when its rule goes, goes on when it comes back, and another stream is not touched")
    func liveStream() async throws {
        let lab = try PolicyLab.get()
        let target = try #require(lab.places()["x/b"]?.addresses[.v4])
        let allowed = { (names: [String]) -> World in
            var world = World.standard
            world.policies = [
                .x(
                    .init(labels: ["pod": "b"]), ["Ingress"],
                    ingress: names.map { name in
                        .init(peers: [.pods(namespaces: .init(labels: ["ns": "y"]), pods: .init(labels: ["pod": name]))]
                        )
                    })
            ]
            return world
        }
        try await lab.set(allowed(["a", "b"]))
        let server = try await onThread {
            try lab.probe.start("x/b", ["socat", "TCP4-LISTEN:7000,fork,reuseaddr", "SYSTEM:cat"])
        }
        defer { _ = try? server.stop(grace: .milliseconds(200)) }
        var files: [String: String] = [:]
        var clients: [ChildProcess] = []
        defer { for client in clients { _ = try? client.stop(grace: .milliseconds(200)) } }
        for name in ["a", "b"] {
            let file = "/tmp/ovbt-stream-\(getpid())-\(name)"
            files[name] = file
            clients.append(
                try await onThread {
                    try lab.probe.start(
                        "y/\(name)",
                        [
                            "sh", "-c",
                            "sleep 0.5; (while :; do echo x; sleep 0.05; done) | socat - TCP4:\(target):7000 >\(file)",
                        ])
                })
        }
        func grows(_ name: String, within limit: Duration = .seconds(4)) async throws -> Bool {
            let before = ((try? Files.read(files[name] ?? "")) ?? "").utf8.count
            return try await eventually(within: limit) {
                ((try? Files.read(files[name] ?? "")) ?? "").utf8.count > before + 4
            }
        }
        #expect(try await grows("a"))
        #expect(try await grows("b"))
        try await lab.set(allowed(["b"]))
        #expect(try await !grows("a", within: .seconds(1)))
        #expect(try await grows("b"))
        try await lab.set(allowed(["a", "b"]))
        #expect(try await grows("a", within: .seconds(10)))
        #expect(try await grows("b"))
        for file in files.values { try? Files.remove(file) }
    }

    /// Who may reach x/a, and whether it is isolated at all; changes that only allow more are the most.
    private func steps(_ sources: [String], _ count: Int) -> [(allowed: Set<String>, isIsolated: Bool)] {
        var random = Seeded(7)
        var allowed: Set<String> = []
        return (0..<count).map { number in
            if number % 7 == 5 { return (allowed, false) }
            let closed = Set(sources).subtracting(allowed)
            // All are allowed: from the start again.
            if closed.isEmpty {
                allowed = []
            } else if number % 5 == 4 {
                if let one = allowed.sorted().randomElement(using: &random) { allowed.remove(one) }
            } else {
                if let one = closed.sorted().randomElement(using: &random) { allowed.insert(one) }
            }
            return (allowed, true)
        }
    }

    @Test("a verdict follows soon, to yes and to no, though packets keep coming")
    func followsUnderTraffic() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        let sources = ["x/b", "x/c", "y/a", "y/c", "z/b"]
        let probes = sources.flatMap { from in
            lab.families.map { Probe(from: from, to: "x/a", transport: .udp, port: 80, family: $0) }
        }
        let count = getenv("OVENBIRD_VERDICTS").flatMap { Int(String(cString: $0)) } ?? 12
        var slowest = Duration.zero
        try await lab.set(.standard)
        try await SteadyTraffic.run(probes, prober) { traffic in
            for (allowed, isIsolated) in steps(sources, count) {
                try await lab.set(world(allowed, isIsolated))
                let began = ContinuousClock.now
                let expected = Set(traffic.flows.filter { !isIsolated || allowed.contains($0.probe.from) })
                var seen: Set<SteadyTraffic.Flow> = []
                let isFollowed = try await eventually(within: .seconds(4)) {
                    let look = ContinuousClock.now
                    try await Task.sleep(for: .milliseconds(150))
                    seen = traffic.answered(since: look)
                    return seen == expected
                }
                slowest = max(slowest, .now - began)
                #expect(
                    isFollowed, "allowed \(allowed): not as expected after 4 s: \(seen.symmetricDifference(expected))")
            }
        }
        print("the slowest verdict was there \(slowest) after the engine had the change in force")
        #expect(slowest < .seconds(1))
    }

    private func world(_ allowed: Set<String>, _ isIsolated: Bool) -> World {
        var world = World.standard
        for index in world.pods.indices {
            if allowed.contains(world.pods[index].key) { world.pods[index].labels["may"] = "yes" }
            if isIsolated, world.pods[index].key == "x/a" { world.pods[index].labels["role"] = "db" }
        }
        let peer = PolicyDocument.Peer.pods(namespaces: .init(), pods: .init(labels: ["may": "yes"]))
        world.policies = [.x(.init(labels: ["role": "db"]), ["Ingress"], ingress: [.init(peers: [peer])])]
        return world
    }

    @Test("a daemon that is killed and comes back touches no row, and lets nothing through meanwhile")
    func restart() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = [.x(ingress: [.init(ports: [.init(number: 80)])])]
        try await lab.set(world)
        let rows = try await identities(lab)
        let old = try #require(Labs.report(lab.paths).nodes.first { $0.name == "n1" }?.pid)
        kill(pid_t(old), SIGKILL)
        let probes = ["y/a", "z/c"].flatMap { from in
            lab.families.map { Probe(from: from, to: "x/a", transport: .tcp, port: 81, family: $0) }
        }
        var leaked: Set<Probe> = []
        let isBack = try await eventually(within: .seconds(20)) {
            leaked.formUnion(try await prober.run(probes, within: 200))
            let node = try Labs.report(lab.paths).nodes.first { $0.name == "n1" }
            return node?.pid != nil && node?.pid != old && node?.isReady == true
        }
        #expect(isBack)
        #expect(leaked.isEmpty, "\(leaked)")
        let table = try await lab.table(world, prober)
        #expect(table.wrong.isEmpty, "\(table)")
        #expect(try await identities(lab) == rows)
    }

    private func identities(_ lab: PolicyLab) async throws -> [String] {
        var all: [String] = []
        for table in ["ACL", "Port_Group", "Address_Set", "Logical_Switch_Port"] {
            all += try await lab.ask("n1", "ovn-nbctl", "--format=csv", "--columns=_uuid", "list", table)
                .split(separator: "\n").map { "\(table) \($0)" }.sorted()
        }
        return all
    }
}
