import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Explanations")
struct ExplanationTests {
    let world = World()

    private func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(NetworkPolicyModule.self)
        let pods = [world.object("x", "a"), world.object("y", "c"), world.object("x", "bare")]
        try harness.apply(world.all + pods + [LocalNode(nodeName: "n1", datapath: .netdev)] + more)
        return harness
    }

    private func rows(_ description: Description?) -> [String] {
        description?.sheets.flatMap(\.rows).map { $0.joined(separator: " | ") } ?? []
    }

    private let x = AdminRules.Pods(namespaces: LabelSelector(labels: ["ns": "x"]))
    private let everybody = AdminRules.Pods()

    private var guardian: AdminNetworkPolicy {
        AdminNetworkPolicy(
            name: "guard", priority: 7,
            rules: AdminRules(
                subject: x,
                ingress: [
                    .init(
                        name: "monitoring", .pass, [.pods(.init(pods: LabelSelector(labels: ["app": "mon"])))],
                        ports: [.init(.tcp, .range(9100...9101)), .init(.udp)]),
                    .init(.deny, [.pods(everybody)]),
                ],
                egress: [
                    .init(.allow, [.networks([net("192.0.2.0/24"), net("2001:db8::/32")])]),
                    .init(
                        .deny,
                        [.nodes(.everything), .nodes(LabelSelector([.init("zone", .in, ["a", "b"])]))],
                        ports: [.init(.tcp, 22)]),
                ]))
    }

    private var baseline: BaselineAdminNetworkPolicy {
        BaselineAdminNetworkPolicy(
            rules: AdminRules(
                subject: everybody, ingress: [.init(.deny, [.pods(everybody)])],
                egress: [.init(.allow, [.pods(x)], ports: [.init(.tcp, .named("web"))])]))
    }

    @Test("a pod that no policy is about is open both ways; one without a port is nobody's")
    func open() throws {
        let node = try harness()
        #expect(node.description(of: Pod.id("x", "a")) == Description("in: open", "out: open"))
        #expect(
            node.description(of: Pod.id("x", "bare"))
                == Description("no policy applies: it has no port of its own"))
    }

    @Test("a pod's policies are named by direction, each with what it lets through")
    func policies() throws {
        let node = try harness(
            try policy(
                "out",
                #"{"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"], "egress": [{"to": "#
                    + #"[{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "#
                    + #""ports": [{"port": 80, "endPort": 90}, {"protocol": "UDP"}, {"port": "web"}]}]}"#),
            try policy("both", #"{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}"#),
            try policy(
                "in",
                #"{"podSelector": {}, "ingress": [{}, {"from": [{"podSelector": {"matchExpressions": "#
                    + #"[{"key": "old", "operator": "DoesNotExist"}]}}, {"namespaceSelector": {}}]}]}"#),
            try policy("other", #"{"podSelector": {"matchLabels": {"pod": "b"}}}"#))
        let description = node.description(of: Pod.id("x", "a"))
        #expect(
            description?.headline == [
                "in: isolated, but for what is listed", "out: isolated, but for what is listed",
            ])
        #expect(
            rows(description) == [
                "in | NetworkPolicy/x/both | nothing", "in | NetworkPolicy/x/in | everything from everybody",
                "in | NetworkPolicy/x/in | everything from pods !old of the namespace; all pods of all namespaces",
                "out | NetworkPolicy/x/both | nothing",
                "out | NetworkPolicy/x/out | tcp/80-90 udp tcp/web to 10.0.0.0/8 except 10.1.0.0/16",
            ])
    }

    @Test("administrators' rules come first; the baseline only where no policy of the namespace isolates")
    func tiers() throws {
        let node = try harness(guardian, baseline, try policy("in", #"{"podSelector": {}, "ingress": [{}]}"#))
        let mine = rows(node.description(of: Pod.id("x", "a")))
        let named = "tcp/web to all pods of namespaces ns=x"
        #expect(
            mine == [
                "in | AdminNetworkPolicy/guard | Pass tcp/9100-9101 udp from pods app=mon of all namespaces",
                "in | AdminNetworkPolicy/guard | Deny everything from all pods of all namespaces",
                "in | NetworkPolicy/x/in | everything from everybody",
                "out | AdminNetworkPolicy/guard | Allow everything to 192.0.2.0/24 2001:db8::/32",
                "out | AdminNetworkPolicy/guard | Deny tcp/22 to all nodes; nodes zone in (a,b)",
                "out | BaselineAdminNetworkPolicy/default | Allow \(named)",
            ])
        #expect(
            rows(node.description(of: Pod.id("y", "c"))) == [
                "in | BaselineAdminNetworkPolicy/default | Deny everything from all pods of all namespaces",
                "out | BaselineAdminNetworkPolicy/default | Allow \(named)",
            ])
    }

    @Test("an administrator's policy says whom it is about here, and its rules by name or place")
    func admin() throws {
        let node = try harness(guardian, baseline)
        let description = node.description(of: guardian.id)
        #expect(
            description?.headline == ["priority 7", "about all pods of namespaces ns=x", "here: x/a x/b"])
        #expect(
            rows(description) == [
                "in | monitoring | Pass tcp/9100-9101 udp from pods app=mon of all namespaces",
                "in | 1 | Deny everything from all pods of all namespaces",
                "out | 0 | Allow everything to 192.0.2.0/24 2001:db8::/32",
                "out | 1 | Deny tcp/22 to all nodes; nodes zone in (a,b)",
            ])
        let base = node.description(of: baseline.id)
        #expect(
            base?.headline == [
                "for pods that no policy of their namespace isolates", "about all pods of all namespaces",
                "here: x/a x/b y/c",
            ])
        #expect(rows(base).count == 2)
        var far = guardian
        far.rules.subject.pods = LabelSelector(labels: ["pod": "d"])
        try node.apply(far)
        #expect(node.description(of: far.id)?.headline.last == "none of them here")
    }
}
