import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Spoilt policies")
struct FaultTests {
    let world = World()

    /// What is right beside it, so that "the rest is in force" can be seen.
    private static let good = #"{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 80}]}"#

    @Test(
        "are in force without the spoilt part, which opens nothing and is named",
        arguments: [
            (#"{"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}"#, "spec.ingress[1].from[0].ipBlock.cidr"),
            (#"{"from": [{"ipBlock": {"cidr": "::ffff:10.0.0.0/104"}}]}"#, "spec.ingress[1].from[0].ipBlock.cidr"),
            (
                #"{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}"#,
                "spec.ingress[1].from[0].ipBlock.except[0]"
            ),
            (
                #"{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]}"#,
                "spec.ingress[1].from[0].ipBlock.except[0]"
            ),
            (
                #"{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["fd00::/16"]}}]}"#,
                "spec.ingress[1].from[0].ipBlock.except[0]"
            ),
            (#"{"from": [{}]}"#, "spec.ingress[1].from[0]"),
            (
                #"{"from": [{"podSelector": {}, "#
                    + #""ipBlock": {"cidr": "10.0.0.0/8"}}]}"#, "spec.ingress[1].from[0].ipBlock"
            ),
            (
                #"{"from": [{"podSelector": {"matchExpressions": [{"key": "a", "operator": "Like", "#
                    + #""values": ["b"]}]}}]}"#,
                "spec.ingress[1].from[0].podSelector.matchExpressions[0].operator"
            ),
            (
                #"{"from": [{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}]}"#,
                "spec.ingress[1].from[0].namespaceSelector.matchExpressions[0].values"
            ),
            (#"{"ports": [{"port": 90, "endPort": 80}]}"#, "spec.ingress[1].ports[0].endPort"),
            (#"{"ports": [{"port": "web", "endPort": 80}]}"#, "spec.ingress[1].ports[0].endPort"),
            (#"{"ports": [{"endPort": 80}]}"#, "spec.ingress[1].ports[0].endPort"),
            (#"{"ports": [{"port": 0}]}"#, "spec.ingress[1].ports[0].port"),
            (#"{"ports": [{"port": 70000}]}"#, "spec.ingress[1].ports[0].port"),
            (#"{"ports": [{"port": "80"}]}"#, "spec.ingress[1].ports[0].port"),
            (#"{"ports": [{"port": "a\" || 1 || \""}]}"#, "spec.ingress[1].ports[0].port"),
            (#"{"ports": [{"port": "-web"}]}"#, "spec.ingress[1].ports[0].port"),
            (#"{"ports": [{"port": "we--b"}]}"#, "spec.ingress[1].ports[0].port"),
            (#"{"ports": [{"protocol": "ICMP"}]}"#, "spec.ingress[1].ports[0].protocol"),
            (#"{"from": 3}"#, "spec.ingress[1].from"),
            (#"{"form": [{"podSelector": {}}]}"#, "spec.ingress[1].form"),
            (#"{"from": [{"podSelector": {}}], "port": [{"port": 80}]}"#, "spec.ingress[1].port"),
            (
                #"{"from": [{"podSelector": {"matchLabel": {"app": "api"}}}]}"#,
                "spec.ingress[1].from[0].podSelector.matchLabel"
            ),
            (
                #"{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "exept": ["10.0.0.0/8"]}}]}"#,
                "spec.ingress[1].from[0].ipBlock.exept"
            ),
            (#"{"from": [{"podSelector": {}, "namespaceSelectr": {}}]}"#, "spec.ingress[1].from[0].namespaceSelectr"),
            (#"{"ports": [{"protocol": "TCP", "prot": 80}]}"#, "spec.ingress[1].ports[0].prot"),
        ])
    func spoilt(rule: String, field: String) throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            world.all + [try policy("p", #"{"podSelector": {}, "ingress": [\#(Self.good), \#(rule)]}"#)])
        #expect(node.members(RowRef<PortGroup>(fixed: "isolated_ingress").ports) == ["x_a", "x_b"])
        #expect(node.problems.map(\.field) == [field])
        #expect(node.problems.map(\.what) == [.partial])
        let rules = node.rows(ACL.self).filter { !$0.key.hasPrefix("isolated") && !$0.key.contains("hairpin") }
        #expect(rules.count == 1)
        #expect(rules.first?["match"]?.hasSuffix("&& ip4.src == 192.0.2.0/24 && tcp && tcp.dst == 80") == true)
    }

    @Test(
        "a subject that cannot be read whole isolates all that it may mean, and opens nothing for them",
        arguments: [
            #"{"podSelector": {"matchLabels": {"pod": "a", "version": 2}}, "ingress": [{}], "egress": [{}]}"#,
            #"{"podSelector": {"matchLabel": {"pod": "a"}}, "ingress": [{}], "egress": [{}]}"#,
            #"{"podSelecter": {"matchLabels": {"pod": "a"}}, "ingress": [{}], "egress": [{}]}"#,
        ])
    func vague(spec: String) throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(world.all + [try policy("deny", #"{"podSelector": {}}"#), try policy("p", spec)])
        #expect(node.problems.count == 1)
        #expect(node.members(RowRef<PortGroup>(fixed: "isolated_egress").ports).contains("x_a"))
        let rules = node.rows(ACL.self).filter { !$0.key.hasPrefix("isolated") && !$0.key.contains("hairpin") }
        #expect(rules.map(\.key) == [])
    }

    @Test("a misspelt direction isolates both ways, for who writes one means to be isolated")
    func misspeltDirection() throws {
        let read = try policy("p", #"{"podSelector": {}, "egres": [{}]}"#)
        #expect(read.isolatesIngress && read.isolatesEgress)
        #expect(read.faults.map(\.field) == ["spec.egres"])
    }

    @Test("a subject of which a part cannot be read is wider, never narrower")
    func subject() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            world.all + [
                try policy(
                    "p",
                    #"{"podSelector": {"matchLabels": {"pod": "a"}, "#
                        + #""matchExpressions": [{"key": "x", "operator": "Near"}]}}"#)
            ])
        #expect(node.members(RowRef<PortGroup>(fixed: "isolated_ingress").ports) == ["x_a"])
        #expect(node.problems.count == 1)
    }

    @Test(
        "types are what the API server fills in, and a word that is none isolates both ways",
        arguments: [
            (#"{"podSelector": {}}"#, true, false),
            (#"{"podSelector": {}, "egress": []}"#, true, false),
            (#"{"podSelector": {}, "egress": [{}]}"#, true, true),
            (#"{"podSelector": {}, "policyTypes": ["Egress"]}"#, false, true),
            (#"{"podSelector": {}, "policyTypes": [], "egress": [{}]}"#, true, true),
            (#"{"podSelector": {}, "policyTypes": ["Ingress", "Outgress"]}"#, true, true),
        ])
    func types(spec: String, ingress: Bool, egress: Bool) throws {
        let read = try policy("p", spec)
        #expect(read.isolatesIngress == ingress)
        #expect(read.isolatesEgress == egress)
    }

    @Test("rules of a direction that the policy does not isolate open nothing")
    func inert() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            world.all + [
                try policy("deny", #"{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}"#),
                try policy("p", #"{"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{}]}"#),
            ])
        #expect(node.rows(PortGroup.self).map(\.key) == ["isolated_egress", "isolated_ingress"])
    }

    @Test("who has pods of a spoilt policy says so; when nobody has, the cluster manager does")
    func tellers() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let cluster = try ClusterHarness(NetworkPolicyModule.self)
        let rule = #"{"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}"#
        func spoilt(_ pod: String) throws -> NetworkPolicy {
            try policy("p", #"{"podSelector": {"matchLabels": {"pod": "\#(pod)"}}, "ingress": [\#(rule)]}"#)
        }
        let field = "spec.ingress[0].from[0].ipBlock.cidr"
        try node.apply(world.all)
        for (pod, here, elsewhere) in [("a", [field], [String]()), ("d", [], []), ("none", [], [field])] {
            try node.apply(try spoilt(pod))
            #expect(node.problems.map(\.field) == here)
            try cluster.apply(
                try spoilt(pod), Pod(namespace: "x", name: "a", labels: ["pod": "a"], nodeName: "n1"),
                Pod(namespace: "x", name: "d", labels: ["pod": "d"], nodeName: "n2"),
                Pod(namespace: "x", name: "waiting", labels: ["pod": "none"]),
                Pod(namespace: "x", name: "host", labels: ["pod": "none"], nodeName: "n1", hostNetwork: true))
            #expect(cluster.problems.map(\.field) == elsewhere)
        }
    }
}
