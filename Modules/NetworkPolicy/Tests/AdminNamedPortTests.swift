import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

/// Ports that administrators name.
extension AdminTests {
    @Test("a named port is the receiving pods' own; without local subjects there is nothing but the condition")
    func namedAndRemote() throws {
        let node = try harness(
            world.object("x", "a", Pod.Port(name: "web", 8080)),
            try admin(
                "n", 1,
                #""ingress": [{"action": "Deny", "from": [{"namespaces": {}}], "#
                    + #""ports": [{"namedPort": "web"}]}]"#))
        #expect(rules(node).count == 2)
        #expect(rules(node).allSatisfy { $0.hasPrefix("30000 drop outport == <x_a> && ") })
        #expect(rules(node).allSatisfy { $0.hasSuffix(" && tcp && tcp.dst == 8080") })
        try node.apply(
            try admin(
                "n", 1, subject: #"{"namespaces": {"matchLabels": {"ns": "none"}}}"#,
                #""ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]"#))
        #expect(rules(node).isEmpty)
        #expect(node.row(ObjectStatus.self, "AdminNetworkPolicy/n") != nil)
    }

    @Test("what a Pass by networks leaves to others is not allowed below it by a port's name either")
    func passedNetworks() throws {
        func egress(_ first: String) throws -> [String] {
            let node = try harness(
                world.object("x", "b", Pod.Port(name: "web", 8080)),
                try admin(
                    "n", 1,
                    subject: #"{"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"pod": "a"}}}}"#,
                    #""egress": [\#(first){"action": "Allow", "to": [{"pods": {"namespaceSelector": {}, "podSelector": {}}}], "#
                        + #""ports": [{"namedPort": "web"}]}]"#))
            return rules(node)
        }
        #expect(try !egress("").isEmpty)
        let passed = #"{"action": "Pass", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]}, "#
        #expect(try egress(passed).isEmpty)
    }

    @Test("a port name that no pod that may receive has, on whatever node and of whatever protocol, is told once")
    func unknownPort() throws {
        let y = #"{"namespaces": {"matchLabels": {"ns": "y"}}}"#
        let rule = #"{"action": "Deny", "SIDE": [\#(y), {"namespaces": {}}], "ports": [{"namedPort": "web"}]}"#
        let inward = try admin("in", 1, #""ingress": [\#(rule.replacing("SIDE", with: "from"))]"#)
        let outward = try admin("out", 2, #""egress": [\#(rule.replacing("SIDE", with: "to"))]"#)
        let far = try admin(
            "far", 3, subject: #"{"namespaces": {"matchLabels": {"ns": "none"}}}"#,
            #""ingress": [\#(rule.replacing("SIDE", with: "from"))]"#)
        let node = try harness(inward, outward, far)
        #expect(
            node.problems.map(\.description) == [
                "network-policy: AdminNetworkPolicy/in spec.ingress[0]: UnknownPort: "
                    + "none of the pods that the policy is about has a port named web",
                "network-policy: AdminNetworkPolicy/out spec.egress[0]: UnknownPort: "
                    + "none of the rule's pods has a port named web",
            ])
        let status = node.row(ObjectStatus.self, "AdminNetworkPolicy/in")?.map("conditions")
        #expect(status?["Ready-In-Zone-n1"]?.contains("SetupSucceeded") == true)
        // On the other node.
        try node.apply(world.object("y", "e", Pod.Port(name: "web", 80, .sctp)))
        #expect(node.problems.isEmpty)
        try node.remove(world.object("y", "e"))
        #expect(node.problems.count == 2)
    }
}
