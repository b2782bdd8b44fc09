import Core
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    /// What the northbound databases of all nodes were asked to change about policies, by node, while the body ran; by
    /// the servers' own logs.
    private func transactions(
        _ lab: PolicyLab, _ body: () async throws -> Void
    ) async throws -> [String: [[JSON]]] {
        func log(_ node: String) -> String { "\(lab.paths.engineDirectory(node))/ovnnb_db" }
        func log(_ node: String, _ level: String) async throws {
            _ = try await lab.ask(node, "ovs-appctl", "-t", "\(log(node)).ctl", "vlog/set", "jsonrpc:file:\(level)")
        }
        var starts: [String: Int] = [:]
        for node in lab.record.nodes {
            starts[node] = try Files.read("\(log(node)).log").split(separator: "\n").count
            try await log(node, "dbg")
        }
        try await body()
        var all: [String: [[JSON]]] = [:]
        for node in lab.record.nodes {
            try await log(node, "info")
            let lines = try Files.read("\(log(node)).log").split(separator: "\n").dropFirst(starts[node] ?? 0)
            for line in lines where line.contains("received request, method=\"transact\"") {
                let text = line.split(separator: ", params=", maxSplits: 1).last ?? ""
                guard let end = text.ranges(of: ", id=").last?.lowerBound,
                    case .array(let parameters) = try JSON(parsing: String(text[..<end]))
                else { throw LabFailure("not understood: \(line)") }
                let operations = Array(parameters.dropFirst())
                let isAboutPolicies = operations.contains {
                    ["Address_Set", "Port_Group", "ACL"].contains($0["table"])
                }
                if isAboutPolicies { all[node, default: []].append(operations) }
            }
        }
        return all
    }

    @Test("a new pod is one transaction on its node, and elsewhere one that inserts its addresses and nothing else")
    func newPodTransactions() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.policies = [
            .x(ingress: [
                .init(
                    peers: [.pods(namespaces: nil, pods: .init(labels: ["role": "api"]))],
                    ports: [.init(number: 80)])
            ])
        ]
        try await lab.set(world)
        let seen = try await transactions(lab) {
            world.more = [
                TestPod(namespace: "x", name: "late", labels: ["role": "api"], node: "n1", ports: [:]).json
            ]
            try await lab.set(world)
            let isUp = try await eventually(within: .seconds(20)) { try lab.places()["x/late"] != nil }
            try #require(isUp)
            // Every node has turned that into rows by now, and has them confirmed.
            try await lab.set(world)
        }
        let addresses = try #require(lab.places()["x/late"]?.addresses.values).map(\.description).sorted()
        try #require(seen.values.allSatisfy { $0.count == 1 } && seen.count == 2, "\(seen)")
        let far = try #require(seen["n2"]?.first)
        #expect(Set(far.compactMap { $0["table"] }) == ["Address_Set"])
        #expect(Set(far.compactMap { $0["op"] }) == ["mutate"])
        func inserted(_ operations: [JSON]) -> [String] {
            operations.filter { $0["table"] == "Address_Set" }.compactMap { $0["mutations"]?.text() }.sorted()
        }
        // One address each, in as many sets as there are families.
        #expect(inserted(far) == addresses.map { #"[["addresses","insert",["set",["\#($0)"]]]]"# }.sorted())
        let near = try #require(seen["n1"]?.first)
        #expect(inserted(near) == inserted(far))
        // The port, and its groups: the isolated, and the rule's.
        #expect(near.filter { $0["table"] == "Logical_Switch_Port" }.map { $0["op"] } == ["insert"])
        let groups = near.filter { $0["table"] == "Port_Group" }.compactMap { $0["mutations"]?.text() }
        #expect(groups.count == 2 && groups.allSatisfy { $0.hasPrefix(#"[["ports","insert",["set",[["named-uuid","#) })
        #expect(!near.contains { $0["table"] == "ACL" })
        try await lab.set(.standard)
    }
}
