import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Settings and annotations")
struct SettingsTests {
    let world = World()

    @Test("the rate of the log's meter is the one that is set, and follows")
    func rate() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let x = world.namespace("x", ["k8s.ovn.org/acl-logging": #"{"deny":"info"}"#])
        try node.apply(world.all.filter { $0.id != x.id } + [x, try policy("p", #"{"podSelector": {}}"#)])
        #expect(node.rows(MeterBand.self).map { $0["rate"] } == ["20"])
        try node.apply(PolicySettings(logRateLimit: 5))
        #expect(node.rows(MeterBand.self).map { $0["rate"] } == ["5"])
    }

    @Test("rules without tracking need the annotation and the setting")
    func stateless() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        var plain = try policy("p", #"{"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}"#)
        plain.isStateless = true
        func actions() -> [String?] {
            node.rows(ACL.self).filter { $0["match"]?.contains("tcp.dst") == true }.map { $0["action"] }
        }
        try node.apply(world.all + [plain])
        #expect(actions() == ["allow-related"])
        try node.apply(PolicySettings(allowsStateless: true))
        #expect(actions() == ["allow-stateless"])
        plain.isStateless = false
        try node.apply(plain)
        #expect(actions() == ["allow-related"])
    }

    @Test("who selects the namespace that stands for the nodes, and no pods, means all nodes")
    func hostNetwork() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let hosts = world.namespace("hosts")
        try node.apply(
            world.all + [
                hosts, PolicySettings(hostNetworkNamespace: "hosts"),
                try policy(
                    "p",
                    #"{"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "hosts"}}}]}]}"#
                ),
            ])
        #expect(
            node.row(AddressSet.self, "host_network_v4")?.members("addresses") == ["10.244.2.2", "10.244.3.2"])
        let rule = try #require(node.rows(ACL.self).first { $0["match"]?.contains("$host_network_v4") == true })
        #expect(rule["action"] == "allow-related")
        // With a pod selector, though it is empty, only pods are meant.
        try node.apply(
            try policy(
                "p",
                #"{"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "hosts"}}, "podSelector": {}}]}]}"#
            ))
        #expect(node.row(AddressSet.self, "host_network_v4") == nil)
        let agent = Pod(namespace: "hosts", name: "agent", nodeName: "n2", hostNetwork: true)
        try node.apply(
            agent, Node(name: "n2", internalAddresses: ["172.30.0.2", "fd30::2"].compactMap { IPAddress($0) }))
        let sets = node.rows(AddressSet.self).compactMap { $0.members("addresses") }
        #expect(sets.contains(["172.30.0.2"]) && sets.contains(["fd30::2"]), "\(sets)")
        // All namespaces and all pods are no exception.
        try node.apply(
            try policy(
                "p", #"{"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {}}]}]}"#))
        #expect(node.rows(AddressSet.self).contains { $0.members("addresses") == ["172.30.0.2"] })
        #expect(node.rows(ACL.self).contains { $0["match"]?.contains("10.244.0.0/16") == true })
        try node.remove(agent)
        #expect(!node.rows(AddressSet.self).contains { $0.members("addresses") == ["172.30.0.2"] })
    }

    @Test("administrators' policies can be switched off, and say nothing then")
    func withoutAdmin() throws {
        let everybody = AdminRules.Pods()
        let rules = AdminRules(subject: everybody, ingress: [.init(.deny, [.pods(everybody)])])
        let node = try NodeHarness(NetworkPolicyModule.self)
        let (one, two) = (
            AdminNetworkPolicy(name: "a", priority: 1, rules: rules),
            AdminNetworkPolicy(name: "b", priority: 1, rules: rules)
        )
        let baseline = BaselineAdminNetworkPolicy(rules: rules)
        try node.apply(
            world.all + [LocalNode(nodeName: "n1", datapath: .netdev), world.object("x", "a"), one, baseline])
        func isThere() -> Bool { node.rows(ACL.self).contains { $0.key.contains("ANP:") } }
        #expect(isThere() && node.rows(ObjectStatus.self).count == 2)
        try node.apply(PolicySettings(hasAdminPolicies: false))
        #expect(!isThere() && node.rows(ObjectStatus.self).isEmpty)
        #expect(node.description(of: Pod.id("x", "a")) == Description("in: open", "out: open"))
        #expect(node.description(of: one.id)?.notes == ["administrators' policies are switched off"])
        try node.apply(PolicySettings())
        #expect(isThere())
        let cluster = try ClusterHarness(NetworkPolicyModule.self)
        try cluster.apply(one, two)
        #expect(cluster.problems.count == 2)
        try cluster.apply(PolicySettings(hasAdminPolicies: false))
        #expect(cluster.problems.isEmpty)
    }

    @Test("all pods of all namespaces can be just the pods")
    func strict() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let rule = #"{"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]}"#
        try node.apply(world.all + [try policy("p", rule)])
        #expect(node.rows(AddressSet.self).isEmpty)
        try node.apply(PolicySettings(isStrict: true))
        #expect(
            node.rows(AddressSet.self).first?.members("addresses")
                == ["10.244.2.5", "10.244.2.6", "10.244.2.8", "10.244.3.7", "10.244.3.9"])
        #expect(!node.rows(ACL.self).contains { $0["match"]?.contains("10.244.0.0/16") == true })
        try node.remove(world.pod("y", "e", 9, on: "n2"))
        #expect(node.rows(AddressSet.self).first?.members("addresses").contains("10.244.3.9") == false)
    }

    @Test("who names SCTP is told, once, that the userspace datapath does not tell ports apart")
    func untracked() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        func events(_ name: String) -> [String]? {
            node.row(ObjectStatus.self, "NetworkPolicy/x/\(name)")?.members("events")
        }
        let named = #"{"ports": [{"protocol": "SCTP", "port": 7}, {"protocol": "SCTP", "port": "sigtran"}]}"#
        let other = #"{"ports": [{"protocol": "UDP", "port": 7}, {"port": "sigtran"}]}, {}"#
        try node.apply(
            world.all + [
                LocalNode(nodeName: "n1", datapath: .netdev),
                try policy(
                    "p",
                    #"{"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "#
                        + #""ingress": [\#(named), \#(named)], "egress": [\#(named)]}"#),
                try policy("other", #"{"podSelector": {}, "ingress": [\#(other)]}"#),
                try policy("none", #"{"podSelector": {"matchLabels": {"a": "b"}}, "ingress": [\#(named)]}"#),
            ])
        #expect(events("p")?.count == 1)
        #expect(events("p")?.first?.contains("SCTP ports are not told apart by this datapath") == true)
        #expect(events("other") == nil && events("none") == nil)
        try node.apply(LocalNode(nodeName: "n1", datapath: .system))
        #expect(events("p") == nil)
    }

    @Test("a rule of very many blocks is in force, and its cost is told")
    func tooLarge() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let holes = (0..<2500).map { #""\#(1 + $0 % 220).\#($0 / 220).1.1/32""# }.joined(separator: ",")
        let block = #"{"ipBlock": {"cidr": "0.0.0.0/0", "except": [\#(holes)]}}"#
        let rules = #"{"podSelector": {}, "ingress": [{"from": [\#(block)], "ports": [{"port": 1, "endPort": 1000}]}]}"#
        try node.apply(world.all + [try policy("p", rules)])
        #expect(node.problems.map(\.reason) == ["PolicyTooLarge"])
        #expect(node.rows(ACL.self).contains { $0["match"]?.contains("ip4.src == $") == true })
        try node.apply(try policy("p", #"{"podSelector": {}, "ingress": [{"ports": [{"port": 1, "endPort": 1000}]}]}"#))
        #expect(node.problems.isEmpty)
    }

    @Test("blocks count for each protocol and named port, in the families in use; the pods of selectors do not")
    func estimate() throws {
        func problems(_ rule: String, _ families: [Family] = [.v4, .v6]) throws -> [String] {
            let node = try NodeHarness(NetworkPolicyModule.self)
            let world = World(families: families)
            let named = world.object("x", "a", Pod.Port(name: "web", 80), Pod.Port(name: "web", 80, .udp))
            let other = world.object("x", "b", Pod.Port(name: "web", 80), Pod.Port(name: "web", 80, .udp))
            let text = #"{"podSelector": {}, "ingress": [\#(rule)]}"#
            node.isValidating = false
            try node.apply(world.all + [named, other, try policy("p", text)])
            return node.problems.map(\.reason)
        }
        // Each hole that is alone in its /16 costs 16 networks.
        let holes = (0..<900).map { #""\#(10 + $0 / 200).\#($0 % 200).1.1/32""# }.joined(separator: ",")
        let block = #""from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [\#(holes)]}}]"#
        #expect(try problems(#"{\#(block), "ports": [{"port": 80}]}"#) == [])
        let both = #""ports": [{"port": 80}, {"protocol": "UDP", "port": 80}]"#
        #expect(try problems(#"{\#(block), \#(both)}"#) == ["PolicyTooLarge"])
        #expect(try problems(#"{\#(block), \#(both)}"#, [.v6]) == [])
        let named = #""ports": [{"port": "web"}, {"protocol": "UDP", "port": "web"}]"#
        #expect(try problems(#"{\#(block), \#(named)}"#) == ["PolicyTooLarge"])
    }

    @Test(
        "the masks of a range are counted", arguments: [(1...1000, 15), (1025...65534, 29), (80...80, 1), (80...81, 1)])
    func masks(range: ClosedRange<Int>, count: Int) { #expect(PortRanges([range]).maskCount == count) }
}
