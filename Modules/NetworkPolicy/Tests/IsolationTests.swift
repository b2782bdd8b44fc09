import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Isolation")
struct IsolationTests {
    let world = World()
    let ingress = RowRef<PortGroup>(fixed: "isolated_ingress")
    let egress = RowRef<PortGroup>(fixed: "isolated_egress")

    private func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(NetworkPolicyModule.self)
        try harness.apply(world.all + more)
        return harness
    }

    @Test("a policy without rules puts the local pods of its namespace into the isolated group, and no others")
    func denyAll() throws {
        let node = try harness(try policy("p", #"{"podSelector": {}, "policyTypes": ["Ingress"]}"#))
        #expect(node.members(ingress.ports) == ["x_a", "x_b"])
        #expect(node.row(PortGroup.self, "isolated_egress") == nil)
        let rules = node.rows(ACL.self).filter { $0.key.hasPrefix("isolated") }
        #expect(rules.map { $0["priority"] } == ["1000", "1001"])
        #expect(rules.map { $0["action"] } == ["drop", "allow"])
        #expect(
            rules.map { $0["match"] } == [
                "outport == @isolated_ingress", "outport == @isolated_ingress && (arp || nd)",
            ])
        #expect(rules.allSatisfy { $0["direction"] == "to-lport" && $0.map("options").isEmpty && $0["meter"] == nil })
    }

    @Test("without policies there is nothing but the rule for pods that reach themselves")
    func nothing() throws {
        let node = try harness()
        #expect(node.rows(PortGroup.self).isEmpty)
        #expect(node.rows(AddressSet.self).isEmpty)
        #expect(node.rows(ACL.self).map(\.key) == ["nodenetwork/n1/hairpin-egress", "nodenetwork/n1/hairpin-ingress"])
        #expect(node.rows(ACL.self).allSatisfy { $0["match"] == "ip4.src == 169.254.169.5 || ip6.src == fd69::5" })
        #expect(node.members(Topology.localSwitch("n1").acls).count == 2)
        let deny = try policy("p", #"{"podSelector": {}}"#)
        try node.apply(deny)
        try node.remove(deny)
        #expect(node.rows(PortGroup.self).isEmpty)
        #expect(node.rows(ACL.self).count == 2)
    }

    @Test("what leaves a pod is judged after services have chosen a backend")
    func afterServices() throws {
        let node = try harness(try policy("p", #"{"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}"#))
        #expect(node.members(egress.ports) == ["x_a", "x_b"])
        #expect(node.row(PortGroup.self, "isolated_ingress") == nil)
        let rules = node.rows(ACL.self).filter { $0["direction"] == "from-lport" }
        #expect(rules.count == 4)
        #expect(rules.allSatisfy { $0.map("options") == ["apply-after-lb": "true"] })
    }

    @Test("a policy without a local subject has no rows in this zone")
    func remote() throws {
        let node = try harness()
        let before = node.text
        try node.apply(try policy("p", #"{"podSelector": {"matchLabels": {"pod": "d"}}, "ingress": [{}]}"#))
        #expect(node.text == before)
        try node.apply(world.pod("x", "late", 20, labels: ["pod": "d"]))
        #expect(node.members(ingress.ports) == ["x_late"])
        try node.remove(world.pod("x", "late", 20))
        #expect(node.text == before)
    }

    @Test("a new pod is in its groups in the very turn in which its port is made")
    func firstPacket() throws {
        let node = try harness(
            try policy("p", #"{"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}"#))
        try node.apply(world.pod("x", "new", 30))
        let deltas = node.run()
        #expect(deltas.isEmpty)
        #expect(node.members(ingress.ports) == ["x_a", "x_b", "x_new"])
        #expect(node.rows(PortGroup.self).allSatisfy { $0.members("ports").contains("x_new") })
    }

    @Test("a pod that comes, goes or is relabelled changes members of sets and no rule")
    func onlyMembers() throws {
        let node = try harness(
            try policy(
                "p",
                #"{"podSelector": {"matchLabels": {"pod": "a"}}, "#
                    + #""ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}], "#
                    + #""ports": [{"port": 80}]}]}"#
            ))
        let rules = node.rows(ACL.self)
        let set = try #require(node.rows(AddressSet.self).first)
        #expect(set.members("addresses") == ["10.244.2.6"])
        try node.apply(world.pod("x", "d", 7, on: "n2", labels: ["pod": "b"]))
        #expect(node.row(AddressSet.self, set.key)?.members("addresses") == ["10.244.2.6", "10.244.3.7"])
        try node.apply(world.pod("x", "b", 6, labels: ["pod": "a"]))
        #expect(node.row(AddressSet.self, set.key)?.members("addresses") == ["10.244.3.7"])
        #expect(node.members(ingress.ports) == ["x_a", "x_b"])
        #expect(node.rows(ACL.self) == rules)
    }

    @Test("pings can be let through to isolated pods")
    func pings() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(world.all + [PolicySettings(allowsICMP: true), try policy("p", #"{"podSelector": {}}"#)])
        #expect(
            node.row(ACL.self, "isolated_ingress/icmp")?["match"]
                == "outport == @isolated_ingress && (icmp4 || icmp6)")
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        let x = world.namespace("x", ["k8s.ovn.org/acl-logging": #"{"deny":"alert"}"#])
        try ModuleLaws.check(
            NetworkPolicyModule.self,
            world.all.filter { $0.id != x.id } + [
                x, world.object("x", "a", Pod.Port(name: "web", 80)),
                try policy("deny", #"{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}"#),
                try policy("deny", in: "y", #"{"podSelector": {}}"#),
                try policy(
                    "web",
                    #"{"podSelector": {}, "#
                        + #""ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}], "#
                        + #""ports": [{"port": "web"}, {"port": 81, "endPort": 90}]}]}"#
                ),
                try policy(
                    "same", in: "y",
                    #"{"podSelector": {}, "ingress": [{"ports": [{"port": 81, "#
                        + #""endPort": 90}]}]}"#),
                try policy(
                    "out",
                    #"{"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "#
                        + #""except": ["10.1.0.0/16"]}}], "ports": [{"port": "web"}]}]}"#
                ),
                try policy(
                    "spoilt",
                    #"{"podSelector": {}, "#
                        + #""ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}]}"#),
            ])
    }
}
