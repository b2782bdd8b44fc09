import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

@Suite(.timeLimit(.minutes(3))) struct OVSDBDriftTests {
    private func bench() async throws -> OVSDBBench {
        let bench = try OVSDBBench(.northbound)
        bench.put(
            LogicalSwitch(
                key: .fixed("s1"), acls: [RowRef(fixed: "acl/1")], name: "s1", otherConfig: ["a": "b"],
                ports: [RowRef(fixed: "p1")]),
            LogicalSwitchPort(key: .fixed("p1"), addresses: ["unknown"], name: "p1"),
            PortGroup(key: .fixed("pg"), name: "pg", ports: [RowRef(fixed: "p1")]),
            ACL(key: .fixed("acl/1"), action: .drop, direction: .toLport, match: "1", priority: 1),
            AddressSet(key: .fixed("as"), addresses: ["10.0.0.1"], name: "as"))
        await bench.apply()
        return bench
    }

    @Test func aColumnThatSomebodyEditsComesBack() async throws {
        let bench = try await bench()
        try bench.server.tool("set", "Logical_Switch", "s1", "other_config:a=c", "other_config:x=y")
        await bench.untilRepaired()
        #expect(try bench.server.tool("get", "Logical_Switch", "s1", "other_config") == "{a=b}")
        #expect(bench.repaired == [RowID(LogicalSwitch.table, "s1")])
    }

    @Test func aMemberThatSomebodyAddsOrRemovesComesBack() async throws {
        let bench = try await bench()
        try bench.server.tool(
            "add", "Address_Set", "as", "addresses", "10.9.9.9", "--", "remove", "Address_Set", "as", "addresses",
            "10.0.0.1")
        await bench.untilRepaired()
        #expect(try bench.server.tool("get", "Address_Set", "as", "addresses") == "[\"10.0.0.1\"]")
    }

    @Test func aRowThatSomebodyDeletesComesBackWhereItWasReferredTo() async throws {
        let bench = try await bench()
        try bench.server.tool("lsp-del", "p1")
        await bench.untilRepaired()
        let port = try bench.server.tool("get", "Logical_Switch_Port", "p1", "_uuid")
        #expect(try bench.server.tool("get", "Logical_Switch", "s1", "ports") == "[\(port)]")
        #expect(try bench.server.tool("get", "Port_Group", "pg", "ports") == "[\(port)]")
        #expect(bench.repaired.contains(RowID(LogicalSwitchPort.table, "p1")))
    }

    @Test func aSwitchThatSomebodyDeletesComesBackWithAllThatItHeld() async throws {
        let bench = try await bench()
        try bench.server.tool("ls-del", "s1")
        await bench.untilRepaired()
        #expect(try bench.server.tool("lsp-list", "s1").contains("(p1)"))
        #expect(try bench.server.tool("acl-list", "s1").contains("drop"))
    }

    @Test func aTagThatSomebodyRemovesComesBackAndTheRowIsNotDoubled() async throws {
        let bench = try await bench()
        let acl = try bench.server.tool("--bare", "--columns=_uuid", "list", "ACL")
        try bench.server.tool("clear", "ACL", acl, "external_ids")
        await bench.untilRepaired()
        #expect(try bench.server.tool("--bare", "--columns=_uuid", "list", "ACL") == acl)
        #expect(try bench.server.tool("get", "ACL", acl, "external_ids:ovenbird") == "\"acl/1\"")
    }

    @Test func aCopyOfARowOfOursWithItsTagIsRemoved() async throws {
        let bench = try await bench()
        try bench.server.tool(
            "--id=@c", "create", "ACL", "priority=7", "direction=to-lport", "match=1", "action=allow",
            "external_ids:ovenbird=acl/1", "--", "add", "Logical_Switch", "s1", "acls", "@c")
        await bench.untilRepaired()
        #expect(try bench.server.tool("--bare", "--columns=priority", "list", "ACL") == "1")
    }

    @Test func foreignRowsAndMembersOfForeignRowsAreLeftAlone() async throws {
        let bench = try await bench()
        try bench.server.tool("ls-add", "foreign", "--", "lsp-add", "foreign", "fp", "--", "pg-add", "fg", "p1")
        try bench.server.tool("set", "Logical_Switch", "s1", "other_config:a=c")
        await bench.untilRepaired()
        #expect(try bench.server.tool("lsp-list", "foreign").contains("(fp)"))
        #expect(try bench.server.tool("get", "Port_Group", "fg", "ports") != "[]")
        #expect(bench.repaired == [RowID(LogicalSwitch.table, "s1")])
    }

    @Test func aRestartOfTheServerLosesNothing() async throws {
        let bench = try await bench()
        bench.server.stop(9)
        await bench.until { if case .connected(_, false) = $0 { true } else { false } }
        bench.put(LogicalSwitch(key: .fixed("s2"), name: "s2"))
        bench.send()
        try bench.server.start()
        await bench.until { if case .confirmed(_, 2) = $0 { true } else { false } }
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Logical_Switch").contains("s2"))
        #expect(try bench.server.tool("lsp-list", "s1").contains("(p1)"))
        #expect(bench.refused == [:])
    }

    @Test func anEmptiedDatabaseIsFilledAgain() async throws {
        let bench = try await bench()
        bench.server.stop()
        await bench.until { if case .connected(_, false) = $0 { true } else { false } }
        _ = try DatabaseServer.run("/bin/rm", ["\(bench.server.directory)/db"])
        _ = try DatabaseServer.run(
            "/usr/bin/ovsdb-tool", ["create", "\(bench.server.directory)/db", "/usr/share/ovn/ovn-nb.ovsschema"])
        try bench.server.start()
        await bench.untilRepaired()
        #expect(try bench.server.tool("lsp-list", "s1").contains("(p1)"))
        #expect(try bench.server.tool("get", "Address_Set", "as", "addresses") == "[\"10.0.0.1\"]")
    }

    @Test func aRowThatAnotherProgramChangesBackEachTimeIsLeftAloneAndReported() async throws {
        let bench = try await bench()
        let row = RowID(AddressSet.table, "as")
        let uuid = try #require(bench.database.read { $0["Address_Set"]?.rows.keys.first })
        let vandal = Task { [database = bench.database] in
            while !Task.isCancelled {
                _ = try await database.wait(for: ["Address_Set"]) { replica in
                    replica["Address_Set"]?.value(uuid, "addresses") == .set([.string("10.0.0.1")]) ? true : nil
                }
                _ = try await database.transact([.update("Address_Set", uuid, [("addresses", .set([]))])])
            }
        }
        await bench.until { if case .refused(_, let rows) = $0 { rows[row] != nil } else { false } }
        // It has the last word; then it is silent.
        _ = try await bench.database.wait(for: ["Address_Set"]) {
            $0["Address_Set"]?.value(uuid, "addresses") == .set([]) ? true : nil
        }
        vandal.cancel()
        #expect(bench.refused[row]?.contains("another program") == true)
        #expect(bench.plane.statistics.transactions < 20)
        // A change of what is desired is tried at once.
        bench.put(AddressSet(key: .fixed("as"), addresses: ["10.0.0.2"], name: "as"))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("get", "Address_Set", "as", "addresses") == "[\"10.0.0.2\"]")
    }
}
