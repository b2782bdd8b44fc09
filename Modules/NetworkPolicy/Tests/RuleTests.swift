import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Rules of policies")
struct RuleTests {
    let world = World()

    /// The matches of the rules that the policies make, beside isolation.
    private func matches(_ policies: NetworkPolicy..., world: World = World()) throws -> [String] {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(world.all + policies)
        #expect(node.problems.isEmpty)
        return rules(node)
    }

    private func rules(_ node: NodeHarness) -> [String] {
        node.rows(ACL.self).filter { !$0.key.hasPrefix("isolated") && !$0.key.contains("hairpin") }
            .compactMap { row in
                row["match"].map {
                    $0.replacing(#/@a[0-9a-f]{32}/#, with: "@G").replacing(#/\$[a-z0-9_]+/#, with: "$S")
                }
            }.sorted()
    }

    @Test(
        "ports become the fewest terms that the engine reads right",
        arguments: [
            (#"[{"port": 80}]"#, ["tcp && tcp.dst == 80"]),
            (#"[{"port": 80}, {"port": 443}, {"port": 80}]"#, ["tcp && tcp.dst == {80, 443}"]),
            (#"[{"port": 80, "endPort": 81}]"#, ["tcp && 80 <= tcp.dst <= 81"]),
            (
                #"[{"port": 80, "endPort": 90}, {"port": 85, "endPort": 99}, "#
                    + #"{"port": 100}]"#, ["tcp && 80 <= tcp.dst <= 100"]
            ),
            (
                #"[{"port": 22}, {"port": 80, "endPort": 90}, {"protocol": "UDP", "port": 53}]"#,
                ["tcp && (tcp.dst == 22 || 80 <= tcp.dst <= 90)", "udp && udp.dst == 53"]
            ),
            (#"[{"protocol": "UDP"}]"#, ["udp"]),
            (#"[{"port": 1, "endPort": 65535}, {"port": 7}]"#, ["tcp"]),
            (#"[{"protocol": "SCTP", "port": 7}]"#, ["sctp && sctp.dst == 7"]),
        ])
    func ports(ports: String, expected: [String]) throws {
        let found = try matches(try policy("p", #"{"podSelector": {}, "ingress": [{"ports": \#(ports)}]}"#))
        #expect(found == expected.map { "outport == @G && (ip4 || ip6) && \($0)" })
    }

    @Test("a rule without ports covers every protocol, and one without peers everybody, of the families in use")
    func everything() throws {
        let all = try policy(
            "p",
            #"{"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "#
                + #""egress": [{"to": [], "ports": []}]}"#)
        #expect(try matches(all) == ["inport == @G && (ip4 || ip6)", "outport == @G && (ip4 || ip6)"])
        #expect(try matches(all, world: World(families: [.v6])) == ["inport == @G && ip6", "outport == @G && ip6"])
    }

    @Test("peers of one rule are one match in each family, of one or two selectors")
    func peers() throws {
        let and =
            #"[{"namespaceSelector": {"matchLabels": {"ns": "y"}}, "#
            + #""podSelector": {"matchLabels": {"pod": "c"}}}]"#
        let or =
            #"[{"namespaceSelector": {"matchLabels": {"ns": "y"}}}, "#
            + #"{"podSelector": {"matchLabels": {"pod": "b"}}}]"#
        for (peers, addresses) in [(and, ["10.244.2.8"]), (or, ["10.244.2.6", "10.244.2.8", "10.244.3.9"])] {
            let node = try NodeHarness(NetworkPolicyModule.self)
            try node.apply(world.all + [try policy("p", #"{"podSelector": {}, "ingress": [{"from": \#(peers)}]}"#)])
            let sets = node.rows(AddressSet.self).filter { $0.key.hasSuffix("_v4") }
            #expect(sets.flatMap { $0.members("addresses") }.sorted() == addresses)
            let sign = sets.count == 1 ? "$S" : "{$S, $S}"
            // Together in one match, the engine would multiply addresses with ports.
            #expect(rules(node) == ["outport == @G && ip4.src == \(sign)", "outport == @G && ip6.src == \(sign)"])
        }
    }

    @Test("all pods of the cluster are its ranges, which no pod changes")
    func allPods() throws {
        let found = try matches(
            try policy("p", #"{"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]}"#))
        #expect(found == ["outport == @G && ip4.src == 10.244.0.0/16", "outport == @G && ip6.src == fd00:10:244::/48"])
    }

    @Test("a namespace comes and goes with its labels")
    func namespaceLabels() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            world.all + [
                try policy(
                    "p",
                    #"{"podSelector": {}, "#
                        + #""ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]}]}"#)
            ])
        let set = try #require(node.rows(AddressSet.self).first { $0.key.hasSuffix("_v4") })
        #expect(set.members("addresses").isEmpty)
        try node.apply(world.namespace("y", labels: ["team": "red"]))
        #expect(node.row(AddressSet.self, set.key)?.members("addresses") == ["10.244.2.8", "10.244.3.9"])
        try node.apply(world.namespace("y"))
        #expect(node.row(AddressSet.self, set.key)?.members("addresses") == [])
    }

    @Test("holes are cut out of blocks; a block of a family that is not in use is inert")
    func blocks() throws {
        let block = try policy(
            "p",
            #"{"podSelector": {}, "#
                + #""ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.5/14", "except": ["10.1.0.0/16"]}}]}]}"#)
        #expect(try matches(block) == ["outport == @G && ip4.src == {10.0.0.0/16, 10.2.0.0/15}"])
        #expect(try matches(block, world: World(families: [.v6])).isEmpty)
    }

    @Test("a long list of networks goes into an address set")
    func longBlock() throws {
        let except = [
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "198.18.0.0/15",
        ]
        let list = except.map { "\"\($0)\"" }.joined(separator: ", ")
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            world.all + [
                try policy(
                    "p",
                    #"{"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "#
                        + #""except": [\#(list)]}}]}]}"#)
            ])
        #expect(rules(node) == ["inport == @G && ip4.dst == $S"])
        let networks = try #require(node.rows(AddressSet.self).first).members("addresses").map(net)
        #expect((31...70).contains(networks.count))
        for hole in except.map(net) { #expect(!networks.contains { $0.overlaps(hole) }) }
        #expect(networks.contains { $0.contains(net("8.8.8.8/32").address) })
    }

    @Test("equal rules of different policies and namespaces are one")
    func shared() throws {
        let rule =
            #"{"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "#
            + #""ports": [{"port": 80}]}]}"#
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(world.all + [try policy("p", rule), try policy("q", in: "y", rule), try policy("r", rule)])
        #expect(rules(node).count == 1)
        let group = try #require(node.rows(PortGroup.self).first { $0.key != "isolated_ingress" })
        #expect(group.members("ports") == ["x_a", "x_b", "y_c"])
        try node.remove(try policy("p", rule))
        #expect(node.row(PortGroup.self, group.key)?.members("ports") == ["x_a", "x_b", "y_c"])
        try node.remove(try policy("r", rule))
        #expect(node.row(PortGroup.self, group.key)?.members("ports") == ["y_c"])
    }

    @Test("equal policies of two namespaces cost the rules of one; one without a local subject costs nothing")
    func cheap() throws {
        let spec =
            #"{"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "#
            + #""ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}], "#
            + #""ports": [{"port": 80}, {"protocol": "UDP", "port": 53}]}], "#
            + #""egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}"#
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(world.all + [try policy("p", in: "x", spec)])
        let one = node.rows(ACL.self).map(\.key)
        // Drop and neighbours for each direction; two protocols in, of two families, and one rule out.
        #expect(rules(node).count == 5 && one.count { $0.hasPrefix("isolated") } == 4)
        try node.apply(try policy("p", in: "y", spec))
        #expect(node.rows(ACL.self).map(\.key) == one)
        #expect(node.rows(PortGroup.self).allSatisfy { $0.members("ports") == ["x_a", "x_b", "y_c"] })
        let before = node.text
        let far = #"{"podSelector": {"matchLabels": {"pod": "e"}}, "ingress": [{"ports": [{"port": 9}]}]}"#
        try node.apply(try policy("far", in: "y", far))
        #expect(node.text == before)
    }

    @Test("a named port is each subject's own number; a subject without it gets nothing and is named")
    func namedIngress() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let named = try policy("p", #"{"podSelector": {}, "ingress": [{"ports": [{"port": "web"}]}]}"#)
        try node.apply(
            world.all + [named, world.object("x", "a", Pod.Port(name: "web", 8080), Pod.Port(name: "web", 9, .udp))])
        #expect(rules(node) == ["outport == @G && (ip4 || ip6) && tcp && tcp.dst == 8080"])
        #expect(
            node.rows(PortGroup.self).filter { $0.key != "isolated_ingress" }.map { $0.members("ports") } == [["x_a"]])
        #expect(
            node.problems.map(\.description) == [
                "network-policy: NetworkPolicy/x/p spec.ingress[0]: UnknownPort: a pod that the policy selects has no TCP port named web"
            ])
        try node.apply(world.object("x", "b", Pod.Port(name: "web", 80)))
        #expect(rules(node).count == 2)
        #expect(node.problems.isEmpty)
        try node.apply(world.object("x", "b", Pod.Port(name: "web", 8080)))
        #expect(rules(node).count == 1)
    }

    @Test("an egress named port is each peer's own number, and reaches pods only")
    func namedEgress() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let named = try policy(
            "p",
            #"{"podSelector": {}, "policyTypes": ["Egress"], "#
                + #""egress": [{"ports": [{"port": "web"}]}]}"#)
        try node.apply(world.all + [named])
        #expect(rules(node).isEmpty)
        try node.apply(
            world.object("y", "c", Pod.Port(name: "web", 80)), world.object("y", "e", Pod.Port(name: "web", 81)))
        #expect(
            rules(node)
                == ["ip4", "ip6"].flatMap { family in
                    [80, 81].map { "inport == @G && \(family).dst == $S && tcp && tcp.dst == \($0)" }
                })
        let sets = node.rows(AddressSet.self).map { $0.members("addresses") }
        #expect(Set(sets) == [["10.244.2.8"], ["10.244.3.9"], ["fd00:10:244:2::8"], ["fd00:10:244:3::9"]])
        let groups = node.rows(PortGroup.self).filter { $0.key != "isolated_egress" }
        #expect(groups.allSatisfy { $0.members("ports") == ["x_a", "x_b"] })
    }

    @Test("an egress named port that none of the pods has is told once; when one has it, no more")
    func unknownEgress() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        let peers = #"[{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {"ns": "x"}}}]"#
        let named = try policy(
            "p",
            #"{"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": \#(peers), "#
                + #""ports": [{"port": "web"}, {"protocol": "UDP", "port": "dns"}, {"port": 80}]}]}"#)
        try node.apply(world.all + [world.object("y", "c", Pod.Port(name: "web", 80)), named])
        func unknown() -> [String] { node.problems.map(\.description) }
        func problem(_ port: String) -> String {
            "network-policy: NetworkPolicy/x/p spec.egress[0]: UnknownPort: none of the pods that may be reached has a "
                + port
        }
        #expect(unknown() == [problem("TCP port named web"), problem("UDP port named dns")])
        // The name with another protocol is another port.
        let (a, d) = (Pod.Port(name: "web", 80), Pod.Port(name: "dns", 53))
        try node.apply(world.object("x", "a", a), world.object("x", "d", d))
        #expect(unknown() == [problem("UDP port named dns")])
        try node.apply(world.object("x", "d", d, Pod.Port(name: "dns", 53, .udp)))
        #expect(unknown() == [])
        try node.remove(world.object("x", "a"))
        #expect(unknown() == [problem("TCP port named web")])
    }

    @Test("for blocks and everybody, all pods that are there are meant; of nobody nothing is expected")
    func unknownBlock() throws {
        func problems(_ to: String) throws -> [String] {
            let node = try NodeHarness(NetworkPolicyModule.self)
            let spec =
                #"{"podSelector": {}, "policyTypes": ["Egress"], "egress": [{\#(to)"ports": [{"port": "web"}]}]}"#
            try node.apply(
                world.all + [world.object("y", "c", Pod.Port(name: "web", 80)), try policy("p", spec)])
            return node.problems.map(\.reason)
        }
        #expect(try problems("") == [])
        #expect(try problems(#""to": [{"ipBlock": {"cidr": "10.244.2.8/32"}}], "#) == [])
        #expect(try problems(#""to": [{"ipBlock": {"cidr": "10.244.2.0/29"}}], "#) == ["UnknownPort"])
        #expect(try problems(#""to": [{"podSelector": {"matchLabels": {"pod": "none"}}}], "#) == [])
    }
}
