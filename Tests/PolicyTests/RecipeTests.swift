import Core
import Linux
import Model
import Testing

@testable import Lab

extension InLabs {
    @Suite(
        "What the acceptance list names", .serialized, .timeLimit(.minutes(3)),
        InPolicyLab(name: "t-np-acc", families: .v4v6))
    struct Acceptance {}
}

/// One policy to be tried, with the reason why it is worth it.
struct Recipe: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let policies: [PolicyDocument]

    init(_ name: String, _ policies: PolicyDocument...) {
        testDescription = name
        self.policies = policies
    }
}

extension PolicyDocument {
    /// A policy of namespace x.
    static func x(
        _ subject: Selector = .init(), _ types: [String]? = ["Ingress"], ingress: [Rule]? = nil, egress: [Rule]? = nil
    ) -> PolicyDocument {
        PolicyDocument(namespace: "x", name: "p", subject: subject, types: types, ingress: ingress, egress: egress)
    }

    static func pods(_ name: String) -> Selector { Selector(labels: ["pod": name]) }
    static func namespace(_ name: String) -> Selector { Selector(labels: ["ns": name]) }
}

private let recipes = [
    Recipe("no policy: everybody reaches everybody"),
    Recipe("deny all ingress", .x()),
    Recipe("deny all egress: replies pass", .x(types: ["Egress"])),
    Recipe("no types, one egress rule: both ways", .x(types: nil, egress: [.init(ports: [.init(number: 80)])])),
    Recipe("no types, no egress rules: ingress only", .x(types: nil)),
    Recipe(
        "the same label in another namespace does not match",
        .x(ingress: [.init(peers: [.pods(namespaces: nil, pods: PolicyDocument.pods("b"))])])),
    Recipe(
        "namespace and pod selector in one peer",
        .x(ingress: [
            .init(peers: [.pods(namespaces: PolicyDocument.namespace("y"), pods: PolicyDocument.pods("a"))])
        ])),
    Recipe(
        "namespace and pod selector in two peers",
        .x(ingress: [
            .init(peers: [
                .pods(namespaces: PolicyDocument.namespace("y"), pods: nil),
                .pods(namespaces: nil, pods: PolicyDocument.pods("a")),
            ])
        ])),
    Recipe("one port", .x(ingress: [.init(ports: [.init(number: 80)])])),
    Recipe("a range of ports", .x(ingress: [.init(ports: [.init(number: 80, end: 81)])])),
    Recipe("a range that ends before", .x(ingress: [.init(ports: [.init(number: 70, end: 80)])])),
    Recipe("a range out that ends before", .x(types: ["Egress"], egress: [.init(ports: [.init(number: 1, end: 80)])])),
    Recipe("a range that begins after", .x(ingress: [.init(ports: [.init(number: 81, end: 65535)])])),
    Recipe("a port of UDP", .x(ingress: [.init(ports: [.init(transport: .udp, number: 81)])])),
    Recipe("a port of SCTP", .x(ingress: [.init(ports: [.init(transport: .sctp, number: 80)])])),
    Recipe(
        "SCTP out to the peers of a label, by a range of ports",
        .x(
            types: ["Egress"],
            egress: [
                .init(
                    peers: [.pods(namespaces: .init(), pods: PolicyDocument.pods("c"))],
                    ports: [.init(transport: .sctp, number: 81, end: 90)])
            ])),
    Recipe("a protocol without port", .x(ingress: [.init(ports: [.init(transport: .udp)])])),
    Recipe(
        "a named port in, which pods map to different numbers",
        PolicyDocument(
            namespace: "y", name: "p", subject: .init(), types: nil,
            ingress: [.init(ports: [.init(name: "serve-80-tcp")])])),
    Recipe(
        "a named port out, which peers map to different numbers",
        .x(types: ["Egress"], egress: [.init(ports: [.init(transport: .udp, name: "serve-81-udp")])])),
    Recipe("everybody but the pods' range", .x(ingress: [.init(peers: [.block("0.0.0.0/0", except: ["10.0.0.0/8"])])])),
    Recipe("a rule of a direction that is not isolated opens nothing", .x(types: ["Ingress"], egress: [.init()]), .x2),
]

extension PolicyDocument {
    fileprivate static let x2 = PolicyDocument(
        namespace: "x", name: "q", subject: .init(), types: ["Egress"], ingress: nil, egress: nil)

    fileprivate static func x(
        types: [String]?, ingress: [Rule]? = nil, egress: [Rule]? = nil
    ) -> PolicyDocument { x(.init(), types, ingress: ingress, egress: egress) }
    fileprivate static func x(ingress: [Rule]) -> PolicyDocument { x(.init(), ["Ingress"], ingress: ingress) }
}

extension InLabs.Acceptance {
    @Test("policies let through exactly what they say", arguments: recipes)
    func recipe(recipe: Recipe) async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = recipe.policies
        let isAboutSCTP = recipe.policies.contains { $0.json.text().contains("SCTP") }
        let table = try await lab.table(world, prober, associations: isAboutSCTP || recipe.policies.isEmpty)
        #expect(table.wrong.isEmpty, "\(table)")
        #expect(try lab.parseErrors() == [])
    }

    @Test("SCTP, tracked without ports: who talks to somebody is open to them, and to nobody else")
    func associations() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = [
            .x(ingress: [
                .init(
                    peers: [.pods(namespaces: nil, pods: PolicyDocument.pods("a"))],
                    ports: [.init(transport: .sctp, number: 80)])
            ])
        ]
        try await lab.set(world)
        /// Within the time that a verdict may take to follow.
        func passes(_ from: String, _ to: String, _ port: Int, is expected: Bool, afresh: Bool = false) async throws {
            let probes = lab.families.map { Probe(from: from, to: to, transport: .sctp, port: port, family: $0) }
            var passed: Set<Probe> = []
            let isSo = try await eventually(within: .seconds(5)) {
                if afresh { try await lab.forgetConnections() }
                passed = try await prober.run(probes, within: 500)
                return passed == (expected ? Set(probes) : [])
            }
            #expect(isSo, "\(from) > \(to) \(port): \(passed)")
        }
        try await passes("y/b", "x/a", 81, is: false, afresh: true)
        try await passes("x/a", "y/b", 80, is: true, afresh: true)
        // The limit that the module's README names.
        try await passes("y/b", "x/a", 81, is: true)
        try await passes("y/c", "x/a", 81, is: false)
        try await passes("y/b", "x/c", 81, is: false)
        // Another port the same way is denied, and spoils the one that is allowed for a packet only.
        try await passes("x/a", "x/b", 80, is: true, afresh: true)
        try await passes("x/a", "x/b", 81, is: false)
        try await passes("x/a", "x/b", 80, is: true)
    }

    @Test("an isolated pod is reached by its own node, finds its neighbours, and is not reached by another node")
    func probes() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        let addresses = Array(try #require(lab.places()["x/a"]).addresses.values)
        try await lab.set(world)
        for address in addresses { #expect(try await lab.pings("node:n2", address), "\(address)") }
        world.policies = [.x()]
        try await lab.set(world)
        for address in addresses {
            try await lab.shell("y/a", "ip neigh flush dev eth0")
            #expect(try await lab.pings("node:n1", address), "\(address)")
            #expect(try await !lab.pings("node:n2", address), "\(address)")
            #expect(try await !lab.pings("y/a", address), "\(address)")
            let neighbour = try await lab.shell("y/a", "ip neigh show \(address)")
            #expect(neighbour.contains("lladdr"), "\(neighbour)")
        }
    }

    @Test("relabelling a pod or a namespace moves the verdict, and touches no rule")
    func relabelling() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        let peer = PolicyDocument.Peer.pods(
            namespaces: .init(labels: ["team": "blue"]), pods: .init(labels: ["tier": "front"]))
        world.policies = [.x(.init(labels: ["role": "db"]), ["Ingress"], ingress: [.init(peers: [peer])])]
        for index in world.pods.indices where world.pods[index].key == "x/a" { world.pods[index].labels["role"] = "db" }
        #expect(try await lab.table(world, prober).wrong.isEmpty)
        let rules = try await lab.ask("n1", "ovn-nbctl", "--columns=_uuid,match", "list", "ACL")
        world.pods[1].labels["role"] = "db"
        world.namespaces["y"]?["team"] = "blue"
        let wider = try await lab.table(world, prober)
        #expect(wider.wrong.isEmpty, "\(wider)")
        world.namespaces["z"]?["team"] = nil
        world.pods[3].labels["tier"] = nil
        let other = try await lab.table(world, prober)
        #expect(other.wrong.isEmpty, "\(other)")
        // One leaves the policy, and another becomes a peer.
        world.pods[0].labels["role"] = nil
        world.pods[4].labels["tier"] = "front"
        let last = try await lab.table(world, prober)
        #expect(last.wrong.isEmpty, "\(last)")
        #expect(try await lab.ask("n1", "ovn-nbctl", "--columns=_uuid,match", "list", "ACL") == rules)
    }

    @Test("everybody but six private ranges is a hundred flows or so, not hundreds of thousands")
    func manyHoles() async throws {
        let lab = try PolicyLab.get()
        try await lab.set(.standard)
        let before = try await lab.flows("n1")
        var world = World.standard
        let holes = [
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "198.18.0.0/15",
        ]
        world.policies = [.x(types: ["Egress"], egress: [.init(peers: [.block("0.0.0.0/0", except: holes)])])]
        try await lab.set(world)
        let after = try await lab.flows("n1")
        #expect(after.v4 - before.v4 < 150, "\(before), then \(after)")
        #expect(after.all - before.all < 250, "\(before), then \(after)")
        #expect(try await !lab.pings("x/a", try #require(lab.places()["y/a"]?.addresses[.v4])))
    }
}

extension PolicyLab {
    func pings(_ from: String, _ to: IPAddress, within seconds: Int = 1) async throws -> Bool {
        try await onThread { [probe] in try probe.pings(from, to, within: seconds) }
    }

    @discardableResult
    func shell(_ place: String, _ script: String) async throws -> String {
        try await onThread { [probe] in try probe.run(place, ["sh", "-c", script], deadline: .seconds(30)).output }
    }

    /// How many flows a node's integration bridge has, and how many that are not of IPv6.
    func flows(_ node: String) async throws -> (all: Int, v4: Int) {
        let flows = try await ask(node, "ovs-ofctl", "dump-flows", "br-int").split(separator: "\n")
        return (flows.count, flows.count { !$0.contains("ipv6") && !$0.contains("icmp6") && !$0.contains("tcp6") })
    }
}
