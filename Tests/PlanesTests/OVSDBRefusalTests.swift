import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

@Suite(.timeLimit(.minutes(3))) struct OVSDBRefusalTests {
    private func acl(_ key: String, priority: Int) -> ACL {
        ACL(key: .fixed(key), action: .drop, direction: .toLport, match: "1", priority: priority)
    }

    @Test func aRefusedRowIsReportedAndTheRestGoesIn() async throws {
        let bench = try OVSDBBench(.northbound)
        bench.put(
            LogicalSwitch(
                key: .fixed("s1"), acls: ["a", "b", "c"].map(RowRef.init(fixed:)), name: "s1"),
            acl("a", priority: 1), acl("b", priority: 99_999), acl("c", priority: 3))
        await bench.apply()
        #expect(Array(bench.refused.keys) == [RowID(ACL.table, "b")])
        #expect(bench.refused.values.first?.contains("99999") == true)
        let priorities = try bench.server.tool("--bare", "--columns=priority", "list", "ACL")
        #expect(Set(priorities.split(separator: "\n").filter { !$0.isEmpty }) == ["1", "3"])

        bench.put(acl("b", priority: 2))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("acl-list", "s1").split(separator: "\n").count == 3)
    }

    @Test func aRowThatBreaksARuleOfTheWholeDatabaseIsFoundByHalving() async throws {
        let bench = try OVSDBBench(.northbound)
        for number in 0..<20 {
            bench.put(
                LogicalSwitch(key: .fixed("s\(number)"), name: "s\(number)", ports: [RowRef(fixed: "p\(number)")]),
                LogicalSwitchPort(key: .fixed("p\(number)"), name: number == 13 ? "p7" : "p\(number)"),
                Meter(
                    key: .fixed("m\(number)"), bands: [RowRef(fixed: "b\(number)")], name: "m\(number)", unit: .pktps),
                MeterBand(key: .fixed("b\(number)"), action: .drop, rate: 25))
        }
        await bench.apply()
        #expect(Array(bench.refused.keys) == [RowID(LogicalSwitchPort.table, "p7")])
        #expect(bench.refused.values.first?.contains("identical values") == true)
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Meter").split(separator: "\n").count >= 20)
        let ports = try bench.server.tool("--bare", "--columns=name", "list", "Logical_Switch_Port")
        #expect(ports.split(separator: "\n").count { !$0.isEmpty } == 19)
        #expect(bench.plane.statistics.transactions < 30)

        bench.put(LogicalSwitchPort(key: .fixed("p13"), name: "p13"))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("lsp-list", "s7").contains("(p7)"))
        #expect(try bench.server.tool("lsp-list", "s13").contains("(p13)"))
    }

    @Test func aRefusedRowIsTriedAgainWhenWhatStoodInItsWayIsGone() async throws {
        let bench = try OVSDBBench(.northbound)
        try bench.server.tool(
            "pg-add", "x", "--", "set", "Port_Group", "x", "external_ids:ovenbird=mine")
        bench.put(
            PortGroup(key: .fixed("mine"), name: "mine"),
            PortGroup(key: .fixed("y"), name: "other"),
            PortGroup(key: .fixed("z"), name: "other"))
        await bench.apply()
        #expect(bench.refused.count == 1)
        bench.remove(PortGroup(key: .fixed("y")))
        await bench.apply()
        #expect(bench.refused == [:])
        let groups = try bench.server.tool("--bare", "--columns=name", "list", "Port_Group")
        #expect(Set(groups.split(separator: "\n").filter { !$0.isEmpty }) == ["mine", "other"])
    }

    @Test func aRefusedChangeLeavesTheRowAsItWas() async throws {
        let bench = try OVSDBBench(.northbound)
        bench.put(LogicalSwitch(key: .fixed("s1"), acls: [RowRef(fixed: "a")], name: "s1"), acl("a", priority: 1))
        await bench.apply()
        bench.put(acl("a", priority: -1))
        await bench.apply()
        #expect(Array(bench.refused.keys) == [RowID(ACL.table, "a")])
        #expect(try bench.server.tool("--bare", "--columns=priority", "list", "ACL") == "1")
    }

    @Test func aReferenceToARowThatIsNotThereWaitsForIt() async throws {
        let bench = try OVSDBBench(.northbound)
        bench.put(PortGroup(key: .fixed("pg"), name: "pg", ports: [RowRef(fixed: "late")]))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("get", "Port_Group", "pg", "ports") == "[]")
        bench.put(
            LogicalSwitch(key: .fixed("s1"), name: "s1", ports: [RowRef(fixed: "late")]),
            LogicalSwitchPort(key: .fixed("late"), name: "late"))
        await bench.apply()
        let port = try bench.server.tool("get", "Logical_Switch_Port", "late", "_uuid")
        #expect(try bench.server.tool("get", "Port_Group", "pg", "ports") == "[\(port)]")
    }

    @Test func aRowThatNothingHoldsIsMadeOnceItsHolderComes() async throws {
        let bench = try OVSDBBench(.northbound)
        bench.put(LogicalSwitchPort(key: .fixed("p1"), name: "p1"))
        await bench.apply()
        #expect(bench.plane.statistics.transactions == 0)
        bench.put(LogicalSwitch(key: .fixed("s1"), name: "s1", ports: [RowRef(fixed: "p1")]))
        await bench.apply()
        #expect(try bench.server.tool("lsp-list", "s1").contains("(p1)"))
        #expect(bench.plane.statistics.transactions == 1)
    }

    /// A row of a table that only a later engine has.
    private struct Later: Row {
        static let table = Table(plane: PlaneName.northbound, name: "Later", columns: [.init("name", .scalar)])
        let key: RowKey
        func encode(into columns: inout ColumnWriter) { columns.scalar(0, "x") }
    }

    @Test func aRowOfATableThatTheDatabaseLacksIsReportedAndTheRestGoesIn() async throws {
        let bench = try OVSDBBench(.northbound)
        bench.put(Later(key: .fixed("l")), AddressSet(key: .fixed("as"), name: "as"))
        await bench.apply()
        #expect(bench.refused == [RowID(Later.table, "l"): "the database has no table Later"])
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Address_Set") == "as")
    }
}
