import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

/// Columns that only newer engines have: `ACL.tier`, on the installed schema and on one that has it.
@Suite(.timeLimit(.minutes(3))) struct OVSDBNewerColumnTests {
    private func rules(_ tier: Int) -> [any Row] {
        [
            LogicalSwitch(key: .fixed("s1"), acls: [RowRef(fixed: "acl/1"), RowRef(fixed: "acl/2")], name: "s1"),
            ACL(
                key: .fixed("acl/1"), action: .drop, direction: .toLport, match: "ip4", priority: 1, tier: tier),
            ACL(
                key: .fixed("acl/2"), action: .allow, direction: .toLport, match: "ip6", priority: 2, tier: 3),
        ]
    }

    private func put(_ rows: [any Row], _ bench: OVSDBBench) { for row in rows { bench.put(row) } }

    private func dump(_ server: DatabaseServer, _ columns: String...) throws -> [String] {
        try DatabaseServer.run(
            "/usr/bin/ovsdb-client",
            ["--format=csv", "--no-headings", "dump", "unix:\(server.socket)", "OVN_Northbound", "ACL"] + columns
        ).split(separator: "\n").dropFirst().map(String.init).sorted()
    }

    @Test func aColumnThatTheServerLacksIsNeitherWrittenNorMissed() async throws {
        let bench = try OVSDBBench(.northbound)
        put(rules(2), bench)
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try dump(bench.server, "action", "priority") == ["allow,2", "drop,1"])
        #expect(bench.database.read { $0.schema?.tables["ACL"]?.columns["tier"] } == nil)
        let commits = try bench.server.commits()
        // Another value of it is no difference, and neither a restart nor a look at everything finds one.
        put(rules(1), bench)
        await bench.apply()
        #expect(await bench.plane.audit()?.differences == [])
        await bench.restart()
        await bench.apply()
        #expect(await bench.plane.audit()?.differences == [])
        #expect(try bench.server.commits() == commits)
        #expect(bench.refused == [:] && bench.repaired.isEmpty)
    }

    @Test func aColumnThatTheServerHasIsWrittenAndKept() async throws {
        let bench = try OVSDBBench(.northbound, schema: NewerSchema.tiers)
        put(rules(2), bench)
        bench.put(
            LogicalSwitch(
                key: .fixed("s1"), acls: ["acl/1", "acl/2", "acl/3"].map { RowRef(fixed: $0) }, name: "s1"),
            ACL(
                key: .fixed("acl/3"), action: .pass, direction: .toLport, match: "ip", priority: 3, tier: 1))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try dump(bench.server, "action", "priority", "tier") == ["allow,2,3", "drop,1,2", "pass,3,1"])
        put(rules(1), bench)
        await bench.apply()
        #expect(try dump(bench.server, "action", "tier").contains("drop,1"))
        let commits = try bench.server.commits()
        await bench.restart()
        await bench.apply()
        #expect(await bench.plane.audit()?.differences == [])
        #expect(try bench.server.commits() == commits)
    }

    @Test func aServerThatComesBackWithTheColumnGetsIt() async throws {
        let bench = try OVSDBBench(.northbound)
        put(rules(2), bench)
        await bench.apply()
        bench.server.stop()
        try bench.server.convert(schema: NewerSchema.tiers)
        try bench.server.start()
        _ = try await bench.database.wait(for: ["ACL"]) { replica -> Bool? in
            guard let table = replica["ACL"] else { return nil }
            let tiers = table.rows.keys.compactMap { table.value($0, "tier")?.single?.number }.sorted()
            return tiers == [2, 3] ? true : nil
        }
        #expect(try dump(bench.server, "action", "tier") == ["allow,3", "drop,2"])
    }
}
