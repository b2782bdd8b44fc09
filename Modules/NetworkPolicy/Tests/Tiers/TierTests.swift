import Core
import Foundation
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Engines with tiers of rules")
struct TierTests {
    private static let cases = Int(ProcessInfo.processInfo.environment["OVENBIRD_TIER_CASES"] ?? "") ?? 40
    private let local = LocalNode(nodeName: "n1", datapath: .netdev)

    private func harness(tiers: Bool?, _ more: [any Kind]) throws -> NodeHarness {
        let objects = World(hasTiers: tiers ?? false).all.filter { tiers != nil || $0.id.kind != NorthboundSchema.kind }
        let harness = try NodeHarness(NetworkPolicyModule.self)
        try harness.apply(objects + [local] + more)
        return harness
    }

    private let everybody = AdminRules.Pods()

    /// The first passes on what the second denies, the third allows; a namespace isolates, a baseline denies.
    private var objects: [any Kind] {
        [
            AdminNetworkPolicy(
                name: "a", annotations: ["k8s.ovn.org/acl-logging": #"{"pass": "info"}"#], priority: 1000,
                rules: AdminRules(
                    subject: everybody,
                    ingress: [
                        .init(.pass, [.pods(.init(namespaces: LabelSelector(labels: ["ns": "x"])))]),
                        .init(.deny, [.pods(everybody)], ports: [.init(.tcp, 80)]), .init(.allow, [.pods(everybody)]),
                    ])),
            BaselineAdminNetworkPolicy(
                rules: AdminRules(
                    subject: everybody,
                    ingress: [.init(.allow, [.pods(everybody)]), .init(.deny, [.pods(everybody)])])),
            NetworkPolicy(namespace: "y", name: "n", ingress: [.init()]),
        ]
    }

    private func summary(_ node: NodeHarness) -> Set<String> {
        Set(node.rows(ACL.self).map { "\($0["tier"] ?? "-") \($0["priority"] ?? "") \($0["action"] ?? "")" })
    }

    @Test("have the administrators' rules in tier 1, namespaces' in 2, the baseline in 3, and a rule for each Pass")
    func rows() throws {
        let node = try harness(tiers: true, objects)
        #expect(
            summary(node) == [
                "1 30000 pass", "1 29999 drop", "1 29998 allow-related", "2 1001 allow-related", "2 1001 allow",
                "2 1000 drop", "3 1750 allow-related", "3 1749 drop",
            ])
        let passes = node.rows(ACL.self).filter { $0["action"] == "pass" }
        #expect(passes.map { $0["name"] } == ["ANP:a:Ingress:0", "ANP:a:Ingress:0"])
        #expect(passes.allSatisfy { $0["severity"] == "info" && $0["log"] == "true" })
        #expect(node.rows(ACL.self).filter { $0["action"] != "pass" }.allSatisfy { $0["log"] == nil })
    }

    @Test("what an engine without tiers is given says tiers too, in the same order, and passes nothing on")
    func flat() throws {
        let node = try harness(tiers: false, objects)
        #expect(
            summary(node) == [
                "1 29999 drop", "1 29998 allow-related", "2 1001 allow-related", "2 1001 allow", "2 1000 drop",
                "3 900 allow-related", "3 899 drop",
            ])
        let order = node.rows(ACL.self).map { (Int($0["tier"] ?? "") ?? 0, Int($0["priority"] ?? "") ?? 0) }
        for (tier, priority) in order { #expect(order.allSatisfy { $0.0 <= tier || $0.1 < priority }) }
    }

    @Test("until the schema is known administrators' policies have no rows; those of namespaces need not wait")
    func unknown() throws {
        let node = try harness(tiers: nil, objects)
        #expect(summary(node) == ["2 1001 allow-related", "2 1001 allow", "2 1000 drop"])
        #expect(node.row(ObjectStatus.self, "AdminNetworkPolicy/a") == nil)
        try node.apply(NorthboundSchema(hasTiers: true))
        #expect(summary(node).contains("1 30000 pass"))
        // An engine that was updated, or changed back.
        try node.apply(NorthboundSchema(hasTiers: false))
        #expect(!summary(node).contains("1 30000 pass") && summary(node).contains("1 29999 drop"))
    }

    @Test("can pass on by a named port, which others cannot")
    func namedPass() throws {
        let pass = AdminNetworkPolicy(
            name: "a", priority: 0,
            rules: AdminRules(
                subject: everybody,
                ingress: [.init(.pass, [.pods(everybody)], ports: [.init(.tcp, .named("web"))])]))
        let pod = World().object("x", "a", Pod.Port(name: "web", 8080))
        let node = try harness(tiers: true, [pass, pod])
        let rules = node.rows(ACL.self).filter { $0["tier"] == "1" }
        #expect(rules.count == 2 && node.problems.isEmpty)
        #expect(rules.allSatisfy { $0["action"] == "pass" && $0["match"]?.hasSuffix("tcp.dst == 8080") == true })
        #expect(try harness(tiers: false, [pass, pod]).problems.map(\.reason) == ["NamedPass"])
    }

    @Test("else what the named port may be is denied by the rules below, and not allowed")
    func belowNamedPass() throws {
        let pod = World().object("x", "a", Pod.Port(name: "web", 8080))
        let stranger = AdminRules.Peer.pods(.init(namespaces: LabelSelector(labels: ["ns": "y"])))
        let ports = [NetworkPolicy.Port(.tcp, .named("web")), NetworkPolicy.Port(.udp, 53)]
        func open(_ rule: AdminRules.Rule, _ more: any Kind...) throws -> [String] {
            let rules = AdminRules(subject: everybody, ingress: [.init(.pass, [stranger], ports: ports), rule])
            let admin = AdminNetworkPolicy(name: "a", priority: 0, rules: rules)
            let node = try harness(tiers: false, [admin, pod] + more)
            #expect(node.problems.map(\.reason) == ["NamedPass"])
            let engine = EngineModel(node)
            let (own, friend, other) = (net("10.244.2.5/32"), net("10.244.2.6/32"), net("10.244.2.8/32"))
            return [("friend", friend), ("stranger", other)].flatMap { name, from in
                [(TransportProtocol.tcp, 8080), (.tcp, 80), (.udp, 53), (.udp, 54)].compactMap { transport, number in
                    let packet = TestPacket(
                        traffic: .ingress, port: "x_a", source: from.address, destination: own.address,
                        transport: transport, number: number)
                    return engine.allows(packet, hasTiers: false) ? "\(name) \(transport.rawValue) \(number)" : nil
                }
            }
        }
        let all = ["friend TCP 8080", "friend TCP 80", "friend UDP 53", "friend UDP 54", "stranger UDP 54"]
        let isolated = NetworkPolicy(namespace: "x", name: "deny")
        #expect(try open(.init(.allow, [.pods(everybody)]), isolated) == all)
        let named = NetworkPolicy.Port(.tcp, .named("web"))
        #expect(try open(.init(.allow, [.pods(everybody)], ports: [named]), isolated) == ["friend TCP 8080"])
        #expect(try open(.init(.deny, [stranger])) == Array(all.prefix(4)) + ["stranger UDP 53"])
    }

    @Test("keep the laws of every module")
    func laws() throws {
        let world = World(hasTiers: true)
        try ModuleLaws.check(
            NetworkPolicyModule.self,
            world.all + [local, world.object("x", "a", Pod.Port(name: "web", 8080))] + objects)
    }

    // MARK: verdicts

    private var pods: [PodPort] { World().pods.compactMap { $0 as? PodPort } }

    /// Each way between a pod of this node and anybody, there and back.
    private var packets: [TestPacket] {
        let strangers = ["192.0.2.1", "10.1.2.3", "2001:db8::1"].compactMap { IPAddress($0) }
        let services: [(TransportProtocol?, Int)] = [(.tcp, 80), (.tcp, 81), (.udp, 80), (.sctp, 79), (nil, 0)]
        var all: [TestPacket] = []
        for pod in pods where pod.isLocal {
            for own in pod.addresses.map(\.address) {
                let others = pods.filter { $0.id != pod.id }.flatMap(\.addresses).map(\.address) + strangers
                for other in others where other.family == own.family {
                    for (transport, number) in services {
                        for traffic in Traffic.allCases {
                            let (from, to) = traffic == .ingress ? (other, own) : (own, other)
                            all.append(
                                TestPacket(
                                    traffic: traffic, port: pod.logicalPort, source: from, destination: to,
                                    transport: transport, number: number))
                        }
                    }
                }
            }
        }
        return all
    }

    @Test("judge every packet as engines without, and as the API says, whatever the policies")
    func verdicts() throws {
        let packets = packets
        var (flattened, denied, passes) = (0, 0, 0)
        for seed in 0..<Self.cases {
            var random = AdminGenerator(seed: UInt64(seed))
            var oracle = AdminOracle(pods: pods, namespaces: ["x": ["ns": "x"], "y": ["ns": "y"]])
            random.fill(&oracle)
            let expected = packets.filter { !oracle.allows($0) }
            func check(_ node: NodeHarness, hasTiers: Bool, _ what: String) {
                let engine = EngineModel(node)
                let found = packets.filter { !engine.allows($0, hasTiers: hasTiers) }
                let wrong = Set(found).symmetricDifference(expected)
                #expect(
                    wrong.isEmpty, "seed \(seed), \(what): \(wrong.count) differ, \(wrong.first.map { "\($0)" } ?? "")")
            }
            let tiered = try harness(tiers: true, oracle.objects)
            check(tiered, hasTiers: true, "with tiers")
            denied += expected.count
            passes += tiered.rows(ACL.self).count { $0["action"] == "pass" }
            let flat = try harness(tiers: false, oracle.objects)
            // Those that fall into too many parts are denied, or not allowed, and reported.
            if flat.problems.contains(where: { $0.reason == "TooManyParts" }) { continue }
            flattened += 1
            check(flat, hasTiers: false, "without tiers")
            // The moment in which an updated engine still has the rows of before.
            check(flat, hasTiers: true, "flattened rows with tiers")
        }
        // The cases are worth something: most can be flattened, something passes and something is denied.
        #expect(flattened > Self.cases / 2 && passes > Self.cases / 4)
        #expect(denied > packets.count * Self.cases / 20 && denied < packets.count * Self.cases * 19 / 20)
    }
}
