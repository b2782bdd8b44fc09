import Core
import Foundation
import Model
import ModuleHarness
import NetworkPolicy
import OVSDBTestKit
import Testing
import Vocabulary

/// No database refuses a match, so a wrong one would only be found in a log, where its rule is missing.
@Suite("The engine's own parser", .timeLimit(.minutes(3)))
struct ParserTests {
    @Test("knows every match of every module's worked examples")
    func cases() throws {
        let modules = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        var rows = MatchRows()
        for module in try FileManager.default.contentsOfDirectory(atPath: modules) {
            for folder in ["Cases", "Cases/Tiers"]
            where FileManager.default.fileExists(atPath: "\(modules)/\(module)/\(folder)") {
                for file in try CaseFile.all(besideTest: "\(modules)/\(module)/Tests/T.swift", folder: folder) {
                    rows.add(file)
                }
            }
        }
        #expect(rows.matches.count > 20 && !rows.groups.isEmpty && !rows.sets.isEmpty)
        #expect(try EngineParser().complaints(about: rows) == [])
    }

    @Test("knows every match of generated policies, with tiers and without")
    func generated() throws {
        var rows = MatchRows()
        let world = World()
        for seed in 0..<20 {
            var random = AdminGenerator(seed: UInt64(seed))
            var oracle = AdminOracle(
                pods: world.pods.compactMap { $0 as? PodPort }, namespaces: ["x": ["ns": "x"], "y": ["ns": "y"]])
            random.fill(&oracle)
            for hasTiers in [true, false] {
                let node = try NodeHarness(NetworkPolicyModule.self)
                node.isValidating = false
                try node.apply(
                    World(hasTiers: hasTiers).all + [LocalNode(nodeName: "n1", datapath: .netdev)] + oracle.objects)
                rows.add(node)
            }
        }
        #expect(rows.matches.count > 100)
        #expect(try EngineParser().complaints(about: rows) == [])
    }

    @Test(
        "finds what is wrong",
        arguments: [
            "ip4.src == $missing", "outport == @missing", "tcp.dst == {}", "ip4.src == 10.0.0.0/33",
            "tcp.dst == 70000", "ip4.src == ", "ip.proto < 6", "ip.proto != 6 && ip.proto != 17",
            "inport == \"x_a\" &&",
        ])
    func wrong(match: String) throws {
        var rows = MatchRows()
        rows.matches = [match, "ip4"]
        let complaints = try EngineParser().complaints(about: rows)
        #expect(complaints.count == 1 && complaints.first?.contains(match) == true, "\(complaints)")
    }
}

/// Matches, and what they name.
private struct MatchRows {
    var matches: Set<String> = []
    var groups: [String: [String]] = [:]
    var sets: [String: [String]] = [:]

    mutating func add(_ node: NodeHarness) {
        matches.formUnion(node.rows(ACL.self).compactMap { $0["match"] })
        for row in node.rows(PortGroup.self) { groups[row.key] = row.members("ports") }
        for row in node.rows(AddressSet.self) { sets[row.key] = row.members("addresses") }
    }

    /// The northbound rows of an example: a name in the first column, and its columns below.
    mutating func add(_ file: CaseFile) {
        var isNorthbound = false
        for line in file.rows.split(separator: "\n") {
            if line.hasPrefix("    ") {
                let prefix = "    match = "
                if isNorthbound, line.hasPrefix(prefix), line != prefix {
                    matches.insert(String(line.dropFirst(prefix.count)))
                }
                continue
            }
            isNorthbound = line.hasPrefix("nb/")
            let parts = line.split(separator: "/", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { continue }
            if parts[1] == PortGroup.table.name { groups[parts[2]] = [] }
            if parts[1] == AddressSet.table.name { sets[parts[2]] = [] }
        }
    }
}

/// Lets `ovn-trace` read a southbound database in which every match is a flow's: it says which it cannot parse, and no
/// zone has to run.
private struct EngineParser {
    private let server: DatabaseServer
    private let datapath: String

    init() throws {
        server = try DatabaseServer(.southbound)
        try server.initialise()
        datapath = try server.tool(
            "create", "Datapath_Binding", "tunnel_key=1", "external_ids:name=n1",
            "external_ids:logical-switch=00000000-0000-0000-0000-000000000001")
        try server.tool("create", "Port_Binding", "datapath=\(datapath)", "logical_port=x_a", "tunnel_key=1")
    }

    func complaints(about rows: MatchRows) throws -> [String] {
        var inserts: [JSON] = []
        func insert(_ table: String, _ row: JSON) {
            inserts.append(["op": "insert", "table": .string(table), "row": row])
        }
        func texts(_ list: [String]) -> JSON { ["set", .array(list.map(JSON.string))] }
        // The engine keeps a group's ports apart by datapath.
        for (name, ports) in rows.groups {
            insert("Port_Group", ["name": .string("1_\(name)"), "ports": texts(ports)])
        }
        for (name, addresses) in rows.sets {
            insert("Address_Set", ["name": .string(name), "addresses": texts(addresses)])
        }
        func insertFlow(_ priority: Int, _ match: String) {
            insert(
                "Logical_Flow",
                [
                    "logical_datapath": ["uuid", .string(datapath)], "pipeline": "ingress", "table_id": 0,
                    "priority": .integer(priority), "match": .string(match), "actions": "drop;",
                ])
        }
        for match in rows.matches { insertFlow(1, match) }
        // All are read, and this one decides.
        insertFlow(2, "1")
        while !inserts.isEmpty {
            let some = inserts.prefix(100)
            inserts.removeFirst(some.count)
            let text = JSON.array(["OVN_Southbound"] + some).text()
            let answer = try DatabaseServer.run(
                "/usr/bin/ovsdb-client", ["transact", "unix:\(server.socket)", text])
            try #require(!answer.contains("\"error\""), "\(answer)")
        }
        let output = try DatabaseServer.run(
            "/usr/bin/ovn-trace",
            [
                "--db=unix:\(server.socket)", "--no-leader-only", "n1",
                "inport == \"x_a\" && eth.src == 0a:00:00:00:00:01",
            ])
        try #require(output.contains("ingress(dp=\"n1\", inport=\"x_a\")"), "\(output)")
        return output.split(separator: "\n").filter { $0.contains("|WARN|") }.map(String.init)
    }
}
