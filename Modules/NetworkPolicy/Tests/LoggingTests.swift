import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Logging of policies")
struct LoggingTests {
    let world = World()
    static let key = "k8s.ovn.org/acl-logging"
    let deny = #"{"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}"#

    private func harness(_ annotation: String?) throws -> NodeHarness {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(world.all + [try policy("p", deny), try policy("q", in: "y", deny)])
        try node.apply(world.namespace("x", annotation.map { [Self.key: $0] } ?? [:]))
        return node
    }

    private func logged(_ node: NodeHarness) -> [String] {
        node.rows(ACL.self).filter { $0["log"] == "true" }
            .map { "\($0["name"] ?? "") \($0["action"] ?? "") \($0["severity"] ?? "") \($0["meter"] ?? "")" }.sorted()
    }

    @Test(
        "the annotation turns each half on",
        arguments: [
            (#"{"deny":"alert","allow":"notice"}"#, 2), (#"{"deny":"alert"}"#, 1), (#"{"allow":"info"}"#, 1),
            (#"{"deny":"","allow":""}"#, 0), ("{}", 0), ("", 0),
        ])
    func halves(annotation: String, count: Int) throws {
        let node = try harness(annotation)
        #expect(logged(node).count == count)
        #expect(node.rows(Meter.self).count == (count > 0 ? 1 : 0))
        #expect(node.problems.isEmpty)
        try node.apply(world.namespace("x"))
        #expect(logged(node).isEmpty)
        #expect(node.rows(Meter.self).isEmpty)
    }

    @Test("lines bear the policy's name; only the namespace's own pods change groups, and rules are not shared")
    func names() throws {
        let node = try harness(#"{"deny":"alert","allow":"notice"}"#)
        #expect(
            logged(node) == [
                "NP:x:Ingress drop alert acl-logging", "NP:x:p:Ingress:0 allow-related notice acl-logging",
            ])
        #expect(node.members(RowRef<PortGroup>(fixed: "isolated_ingress").ports) == ["y_c"])
        let group = node.rows(PortGroup.self).first {
            $0.map("external_ids")["k8s.ovn.org/owner-type"] == "NetpolNamespace"
        }
        #expect(group?.members("ports") == ["x_a", "x_b"])
        #expect(node.row(MeterBand.self, "acl-logging")?["rate"] == "20")
    }

    @Test(
        "what cannot be read logs nothing, is named, and changes no verdict",
        arguments: [("not json", 0), ("[]", 0), (#"{"deny":"loud","allow":"info"}"#, 1), (#"{"deny":3}"#, 0)])
    func unreadable(annotation: String, count: Int) throws {
        let verdicts = { (node: NodeHarness) in
            node.rows(ACL.self).map { "\($0["priority"] ?? "") \($0["action"] ?? "")" }.sorted()
        }
        let node = try harness(annotation)
        #expect(logged(node).count == count)
        #expect(node.problems.map(\.reason) == ["BadAnnotation"])
        #expect(node.problems.first?.object == Namespace.id("x"))
        if count == 0 { #expect(verdicts(node) == verdicts(try harness(nil))) }
    }

    @Test("a long name is cut to what the database takes")
    func longNames() throws {
        let node = try NodeHarness(NetworkPolicyModule.self)
        try node.apply(
            world.all + [
                try policy(String(repeating: "n", count: 200), deny),
                world.namespace("x", [Self.key: #"{"allow":"info"}"#]),
            ])
        let name = try #require(node.rows(ACL.self).compactMap { $0["name"] }.first)
        #expect(name.utf8.count == 63)
        #expect(name.hasPrefix("NP:x:nnn"))
    }
}
