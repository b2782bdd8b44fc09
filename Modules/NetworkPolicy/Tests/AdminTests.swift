import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Rules of administrators")
struct AdminTests {
    let world = World()

    func admin(_ name: String, _ priority: Int, subject: String = #"{"namespaces": {}}"#, _ rules: String)
        throws
        -> AdminNetworkPolicy
    {
        let text =
            #"{"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "#
            + #""metadata": {"name": "\#(name)"}, "spec": {"priority": \#(priority), "subject": \#(subject), "#
            + #"\#(rules)}}"#
        return try AdminNetworkPolicy(JSONCursor(try JSON(parsing: text)))
    }

    func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(NetworkPolicyModule.self)
        try harness.apply(world.all + [LocalNode(nodeName: "n1", datapath: .netdev)] + more)
        return harness
    }

    /// Priority, action, and what is matched beside the subjects; with the addresses in place of the sets' names.
    func rules(_ node: NodeHarness) -> [String] {
        node.rows(ACL.self).filter { $0.key.contains("ANP:") }.map { row in
            var match = row["match"] ?? ""
            for set in node.rows(AddressSet.self) {
                match.replace("$\(set.key)", with: "[\(set.members("addresses").joined(separator: " "))]")
            }
            for group in node.rows(PortGroup.self) {
                match.replace("@\(group.key)", with: "<\(group.members("ports").joined(separator: " "))>")
            }
            return "\(row["priority"] ?? "") \(row["action"] ?? "") \(match)"
        }.sorted(by: >)
    }

    @Test(
        "a policy with a misspelt word is refused whole",
        arguments: [
            (#""ingres": []"#, "spec.ingres"),
            (
                #""ingress": [{"action": "Allow", "from": [{"namespaces": {}}], "port": []}]"#,
                "spec.ingress[0].port"
            ),
            (
                #""ingress": [{"action": "Allow", "from": [{"namespaces": {"matchLabel": {"a": "b"}}}]}]"#,
                "spec.ingress[0].from[0].namespaces.matchLabel"
            ),
        ])
    func misspelt(rules: String, field: String) {
        let error = #expect(throws: Rejection.self) { try admin("a", 1, rules) }
        #expect(error?.reason == "UnknownField" && error?.field == field)
    }

    @Test("all rules of all policies have one order: by priority, then name, then place")
    func order() throws {
        let rule = #"{"action": "Deny", "from": [{"namespaces": {"matchLabels": {"ns": "y"}}}]}"#
        let node = try harness(
            try admin("late", 900, #""ingress": [\#(rule)]"#),
            try admin(
                "b", 500,
                #""ingress": [\#(rule), "#
                    + #"\#(rule)]"#),
            try admin("a", 500, #""ingress": [\#(rule)]"#))
        #expect(
            node.rows(ACL.self).filter { $0.key.hasPrefix("ANP:") }.map { "\($0.key) \($0["priority"] ?? "")" } == [
                "ANP:a/Ingress/0/0/v4-any 30000", "ANP:a/Ingress/0/0/v6-any 30000", "ANP:b/Ingress/0/0/v4-any 29999",
                "ANP:b/Ingress/0/0/v6-any 29999", "ANP:b/Ingress/1/0/v4-any 29998", "ANP:b/Ingress/1/0/v6-any 29998",
                "ANP:late/Ingress/0/0/v4-any 29997", "ANP:late/Ingress/0/0/v6-any 29997",
            ])
        #expect(node.problems.isEmpty)
        let status = node.row(ObjectStatus.self, "AdminNetworkPolicy/a")?.map("conditions")
        #expect(status?["Ready-In-Zone-n1"]?.contains("SetupSucceeded") == true)
    }

    @Test("that two have one priority the cluster manager says of both, and no node does")
    func duplicates() throws {
        let rule = #""ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]"#
        let all = [try admin("a", 5, rule), try admin("b", 5, rule), try admin("c", 6, rule)]
        let cluster = try ClusterHarness(NetworkPolicyModule.self)
        try cluster.apply(all)
        #expect(
            cluster.problems.map(\.description) == [
                "network-policy: AdminNetworkPolicy/a spec.priority: ANPWithDuplicatePriority: "
                    + "5 is also that of b; the first by name decides",
                "network-policy: AdminNetworkPolicy/b spec.priority: ANPWithDuplicatePriority: "
                    + "5 is also that of a; the first by name decides",
            ])
        #expect(try harness(all[0], all[1], all[2]).problems.isEmpty)
        try cluster.remove(all[0])
        #expect(cluster.problems.isEmpty)
    }

    @Test("a Pass is cut out of what is below it, by selectors: no row of its own")
    func pass() throws {
        var single = self.world
        single.families = [.v4]
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            single.all + [
                LocalNode(nodeName: "n1", datapath: .netdev),
                try admin(
                    "guard", 10,
                    subject: #"{"pods": {"namespaceSelector": {}, "#
                        + #""podSelector": {"matchLabels": {"pod": "b"}}}}"#,
                    #""ingress": [{"action": "Pass", "from": [{"namespaces": {"matchLabels": {"ns": "x"}}}]}, "#
                        + #"{"action": "Deny", "from": [{"namespaces": {}}]}]"#
                ),
            ])
        #expect(rules(node) == ["29999 drop outport == <x_b> && ip4.src == [10.244.2.8 10.244.3.9]"])
    }

    /// Of all numbers of a protocol but those of TCP, UDP and SCTP: what the engine's parser takes.
    private let others =
        "ip.proto == {\((0...255).filter { ![6, 17, 132].contains($0) }.map(String.init).joined(separator: ", "))}"

    @Test("a Pass for some subjects and ports leaves the rest, in parts that do not overlap")
    func partialPass() throws {
        var single = self.world
        single.families = [.v4]
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            single.all + [
                LocalNode(nodeName: "n1", datapath: .netdev),
                try admin(
                    "first", 1,
                    subject: #"{"pods": {"namespaceSelector": {}, "#
                        + #""podSelector": {"matchLabels": {"pod": "a"}}}}"#,
                    #""egress": [{"action": "Pass", "to": [{"networks": ["10.1.0.0/16"]}], "#
                        + #""ports": [{"portNumber": {"port": 80}}]}]"#
                ),
                try admin(
                    "second", 2, subject: #"{"namespaces": {"matchLabels": {"ns": "x"}}}"#,
                    #""egress": [{"action": "Deny", "to": [{"networks": ["10.0.0.0/15"]}]}]"#),
            ])
        #expect(
            rules(node) == [
                "29999 drop inport == <x_b> && ip4.dst == 10.0.0.0/15",
                "29999 drop inport == <x_a> && ip4.dst == 10.1.0.0/16 && udp",
                "29999 drop inport == <x_a> && ip4.dst == 10.1.0.0/16 && tcp && (0 <= tcp.dst <= 79 || 81 <= tcp.dst <= 65535)",
                "29999 drop inport == <x_a> && ip4.dst == 10.1.0.0/16 && sctp",
                "29999 drop inport == <x_a> && ip4.dst == 10.1.0.0/16 && \(others)",
                "29999 drop inport == <x_a> && ip4.dst == 10.0.0.0/16",
            ])
    }

    @Test("the baseline is below the isolation by policies of namespaces")
    func baseline() throws {
        let text =
            #"{"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "BaselineAdminNetworkPolicy", "#
            + #""metadata": {"name": "default"}, "#
            + #""spec": {"subject": {"namespaces": {}}, "ingress": [{"action": "Allow", "#
            + #""from": [{"namespaces": {"matchLabels": {"ns": "x"}}}]}, {"action": "Deny", "#
            + #""from": [{"namespaces": {}}]}]}}"#
        let node = try harness(try BaselineAdminNetworkPolicy(JSONCursor(try JSON(parsing: text))))
        let found = node.rows(ACL.self).filter { $0.key.hasPrefix("BANP:") }
        #expect(
            found.map { "\($0["priority"] ?? "") \($0["action"] ?? "")" } == [
                "900 allow-related", "900 allow-related", "899 drop", "899 drop",
            ])
    }

    @Test("a Pass for so many pods that networks would be cut into hundreds is told, and opens nothing")
    func manyPods() throws {
        let pods: [any Kind] = (0..<600).map { number in
            PodPort(
                namespace: "many", name: "p\(number)", labels: [:], uid: "\(number)", node: "n2", isLocal: false,
                addresses: [net("10.244.\(16 + number / 100).\(number % 100 * 2 + 10)/24")], mac: MACAddress(number: 9),
                gateways: [])
        }
        func outcome(_ rules: String, namespace: String = "many") throws -> (NodeHarness, [String]) {
            let pass = #"{"action": "Pass", "to": [{"namespaces": {"matchLabels": {"ns": "\#(namespace)"}}}]}"#
            let node = try NodeHarness(NetworkPolicyModule.self)
            node.isValidating = false
            try node.apply(
                world.all + pods + [
                    world.namespace("many"), LocalNode(nodeName: "n1", datapath: .netdev),
                    try admin(
                        "a", 1, subject: #"{"namespaces": {"matchLabels": {"ns": "x"}}}"#,
                        #""egress": [\#(pass), \#(rules)]"#),
                ])
            return (node, self.rules(node))
        }
        func rule(_ action: String, _ network: String) -> String {
            #"{"action": "\#(action)", "to": [{"networks": ["\#(network)"]}]}"#
        }
        for (action, expected) in [
            ("Deny", ["29999 drop inport == <x_a x_b> && ip4.dst == 10.0.0.0/8"]), ("Allow", []),
        ] {
            let (node, rows) = try outcome(rule(action, "10.0.0.0/8"))
            #expect(rows == expected)
            #expect(node.problems.map(\.reason) == ["TooManyParts"])
            #expect(node.problems.first?.message.contains("a spec.egress[0], a Pass") == true)
            let status = node.row(ObjectStatus.self, "AdminNetworkPolicy/a")?.map("conditions")
            #expect(status?["Ready-In-Zone-n1"]?.contains("SetupFailed") == true)
        }
        // Who is not there is not cut out.
        let (far, rows) = try outcome(rule("Deny", "192.0.2.0/24"))
        #expect(far.problems.isEmpty && rows == ["29999 drop inport == <x_a x_b> && ip4.dst == 192.0.2.0/24"])
        let (few, some) = try outcome(rule("Deny", "10.244.2.8/31"), namespace: "y")
        #expect(few.problems.isEmpty && some == ["29999 drop inport == <x_a x_b> && ip4.dst == 10.244.2.9"])
    }

    @Test("of the rules that the engine has no room for only denials are in force, and the condition says so")
    func tooManyRules() throws {
        func policies(
            _ subject: AdminRules.Pods, _ actions: [AdminRules.Action], _ priority: Int
        ) -> AdminNetworkPolicy {
            AdminNetworkPolicy(
                name: "p\(priority)", priority: priority,
                rules: AdminRules(
                    subject: subject,
                    egress: actions.map { .init($0, [.networks([net("192.0.2.1/32")])]) }))
        }
        let nobody = AdminRules.Pods(namespaces: LabelSelector(labels: ["ns": "none"]))
        let many = (0..<200).map {
            policies(nobody, Array(repeating: AdminRules.Action.deny, count: $0 == 0 ? 97 : 100), $0)
        }
        let node = try NodeHarness(NetworkPolicyModule.self)
        node.isValidating = false
        let last = policies(AdminRules.Pods(), [.allow, .deny, .allow, .deny, .pass, .deny], 1000)
        try node.apply(World(hasTiers: true).all + [LocalNode(nodeName: "n1", datapath: .netdev), last] + many)
        let rows = node.rows(ACL.self).filter { $0.key.contains("ANP:") }
        #expect(
            rows.map { "\($0["priority"] ?? "") \($0["action"] ?? "")" } == [
                "10003 allow-related", "10002 drop", "10001 drop", "10001 drop",
            ])
        #expect(node.problems.map(\.reason) == ["TooManyRules"])
        let status = node.row(ObjectStatus.self, "AdminNetworkPolicy/p1000")?.map("conditions")
        #expect(status?["Ready-In-Zone-n1"]?.contains("SetupFailed") == true)
        #expect(status?["Ready-In-Zone-n1"]?.contains("no room for more") == true)
        let before = node.row(ObjectStatus.self, "AdminNetworkPolicy/p999")?.map("conditions")
        #expect(before?["Ready-In-Zone-n1"]?.contains("SetupFailed") != true)
        try node.remove(many[0])
        #expect(node.problems.isEmpty && node.rows(ACL.self).contains { $0["action"] == "pass" })
    }

    @Test("a condition is no longer than the API takes")
    func longCondition() throws {
        let ports = [NetworkPolicy.Port(.tcp, .named("web"))]
        let pass = AdminRules.Rule(.pass, [.pods(AdminRules.Pods())], ports: ports)
        let policy = AdminNetworkPolicy(
            name: "a", priority: 1,
            rules: AdminRules(
                subject: AdminRules.Pods(), ingress: Array(repeating: pass, count: 100),
                egress: Array(repeating: pass, count: 100)))
        let node = try harness(policy)
        let text = try #require(
            node.row(ObjectStatus.self, policy.id.description)?.map("conditions")["Ready-In-Zone-n1"])
        let condition = try Condition(JSONCursor(try JSON(parsing: text)))
        #expect(condition.reason == "SetupFailed" && condition.message.count == 32_767)
    }

    @Test("what the rules of administrators cost is told too", arguments: [true, false])
    func tooLarge(isBaseline: Bool) throws {
        let ports = (0..<60).map { NetworkPolicy.Port(.tcp, .range(($0 * 1000 + 1)...($0 * 1000 + 999))) }
        let peers = (0..<100).map { AdminRules.Peer.networks([net("192.0.2.\($0)/32")]) }
        var rules = AdminRules(subject: AdminRules.Pods(), egress: [.init(.deny, peers, ports: ports)])
        func object() -> any Kind {
            if isBaseline { return BaselineAdminNetworkPolicy(rules: rules) }
            return AdminNetworkPolicy(name: "a", priority: 1, rules: rules)
        }
        let node = try harness(object())
        #expect(node.problems.map(\.reason) == ["PolicyTooLarge"])
        #expect(node.problems.first?.field == "spec.egress[0]")
        let status = node.row(ObjectStatus.self, object().id.description)?.map("conditions")
        #expect(status?["Ready-In-Zone-n1"]?.contains("SetupSucceeded") == true)
        rules.subject.namespaces = LabelSelector(labels: ["ns": "none"])
        #expect(try harness(object()).problems.isEmpty)
    }

    @Test(
        "what the API server refuses is refused",
        arguments: [
            #""ingress": [{"action": "Deny", "from": []}]"#,
            #""ingress": [{"action": "Drop", "#
                + #""from": [{"namespaces": {}}]}]"#,
            #""ingress": [{"action": "Deny", "from": [{"nodes": {}}]}]"#,
            #""ingress": [{"action": "Deny", "from": [{"namespaces": {}, "pods": {}}]}]"#,
            #""egress": [{"action": "Deny", "to": [{"networks": ["::ffff:1.2.3.0/120"]}]}]"#,
            #""egress": [{"action": "Deny", "to": [{"networks": ["0000:0000:0000:0000:0000:ffff:0102:0300/120"]}]}]"#,
            #""egress": [{"action": "Deny", "to": [{"networks": ["2001:0db8:0000:0000:0000:0000:255.255.255.255/128"]}]}]"#,
            #""egress": [{"action": "Deny", "to": [{"nodes": {}}], "ports": [{"namedPort": "web"}]}]"#,
            #""egress": [{"action": "Deny", "to": [{"networks": ["10.0.0.0/33"]}]}]"#,
            #""ingress": [{"action": "Deny", "from": [{"namespaces": {}}], "ports": [{"portRange": {"start": 9, "#
                + #""end": 8}}]}]"#,
        ])
    func refused(rules: String) { #expect(throws: Rejection.self) { try admin("n", 1, rules) } }

    @Test(
        "a port's name is one that a container can give, else it is refused by name",
        arguments: [
            ("web", nil), ("p2p", nil), ("a-b-c", nil), ("Web", "BadValue"), ("http_alt", "BadValue"),
            ("sixteen-letters-", "BadValue"), ("-web", "BadValue"), ("web-", "BadValue"), ("we--b", "BadValue"),
            ("8080", "BadValue"), ("", "BadValue"), (#"a\" || 1 || \""#, "BadValue"),
        ])
    func portNames(name: String, reason: String?) throws {
        let rule = #"{"action": "Deny", "from": [{"namespaces": {}}], "ports": [{"namedPort": "\#(name)"}]}"#
        do {
            _ = try admin("n", 1, #""ingress": [\#(rule)]"#)
            #expect(reason == nil)
        } catch let error as Rejection {
            #expect(error.reason == reason && error.field == "spec.ingress[0].ports[0].namedPort")
        }
    }

    @Test("the cluster manager lets the nodes that there are speak of admin policies, and no others")
    func zones() throws {
        let cluster = try ClusterHarness(NetworkPolicyModule.self)
        try cluster.apply(Node(name: "n1"), Node(name: "n2"))
        func writers(_ kind: String) -> [String]? {
            cluster.row(StatusWriters.self, kind)?.members("names")
        }
        for kind in [AdminNetworkPolicy.kind, BaselineAdminNetworkPolicy.kind] {
            #expect(writers(kind) == ["n1", "n2"])
        }
        try cluster.remove(Node(name: "n2"))
        #expect(writers(AdminNetworkPolicy.kind) == ["n1"])
        // Of a cluster whose nodes are not known nothing is taken back.
        try cluster.remove(Node(name: "n1"))
        #expect(cluster.rows.isEmpty)
        try ModuleLaws.checkCluster(NetworkPolicyModule.self, [Node(name: "n1"), Node(name: "n2")])
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        try ModuleLaws.check(
            NetworkPolicyModule.self,
            world.all + [
                LocalNode(nodeName: "n1", datapath: .netdev), world.object("x", "a", Pod.Port(name: "web", 8080)),
                Node(name: "n2", internalAddresses: [net("172.30.0.3/32").address]),
                try admin(
                    "a", 1,
                    #""ingress": [{"action": "Pass", "#
                        + #""from": [{"namespaces": {"matchLabels": {"ns": "x"}}}]}]"#),
                try admin(
                    "b", 1,
                    #""ingress": [{"action": "Deny", "from": [{"namespaces": {}}], "#
                        + #""ports": [{"namedPort": "web"}, {"portNumber": {"port": 80}}]}], "#
                        + #""egress": [{"action": "Deny", "to": [{"nodes": {}}]}]"#),
                try admin(
                    "c", 1,
                    #""egress": [{"action": "Pass", "#
                        + #""to": [{"namespaces": {"matchLabels": {"ns": "y"}}}]}, {"action": "Deny", "#
                        + #""to": [{"networks": ["0.0.0.0/0"]}]}]"#),
            ])
    }
}
