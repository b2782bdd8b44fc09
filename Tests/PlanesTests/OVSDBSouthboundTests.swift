import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

/// What a node of another zone needs in the southbound database, with a real ovn-northd that makes the bindings.
@Suite(.timeLimit(.minutes(3))) struct OVSDBSouthboundTests {
    private let remote: [any Row] = [
        Chassis(
            key: .fixed("c2"), encaps: [RowRef(fixed: "geneve 10.0.0.2")], hostname: "n2", name: "c2",
            otherConfig: ["is-remote": "true"]),
        Encap(
            key: .fixed("geneve 10.0.0.2"), chassisName: "c2", ip: "10.0.0.2", options: ["csum": "true"], type: .geneve),
        PortBinding(key: .fixed("tstor-n2"), chassis: RowRef(fixed: "c2")),
    ]

    private func bench() throws -> (OVSDBBench, DatabaseServer, Northd) {
        let bench = try OVSDBBench(.southbound)
        let northbound = try DatabaseServer(.northbound)
        try northbound.initialise()
        return (bench, northbound, try Northd(northbound: northbound, southbound: bench.server))
    }

    private func addPort(_ northbound: DatabaseServer) throws {
        try northbound.tool(
            "--may-exist", "ls-add", "transit", "--", "lsp-add", "transit", "tstor-n2", "--", "lsp-set-type",
            "tstor-n2",
            "remote", "--", "lsp-set-options", "tstor-n2", "requested-chassis=c2")
    }

    /// Waits until a binding is bound to the chassis; answers the binding's row.
    private func bound(_ bench: OVSDBBench, other than: RowUUID? = nil) async throws -> RowUUID {
        try await bench.database.wait(for: ["Port_Binding", "Chassis"]) { replica in
            guard let table = replica["Port_Binding"] else { return nil }
            let chassis = replica["Chassis"]?.rows.keys.first { uuid in
                replica["Chassis"]?.value(uuid, "name")?.single?.text == "c2"
            }
            return table.rows.keys.first { uuid in
                uuid != than && table.value(uuid, "logical_port")?.single?.text == "tstor-n2"
                    && table.value(uuid, "chassis")?.single?.reference == chassis && chassis != nil
            }
        }
    }

    @Test func aBindingIsWrittenWheneverItAppearsAndOnlyThen() async throws {
        let (bench, northbound, northd) = try bench()
        defer { withExtendedLifetime(northd) {} }
        for row in remote { bench.put(row) }
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Chassis") == "c2")
        #expect(try bench.server.tool("--bare", "--columns=ip", "list", "Encap") == "10.0.0.2")
        #expect(try bench.server.tool("--bare", "--columns=logical_port", "list", "Port_Binding") == "")

        try addPort(northbound)
        let first = try await bound(bench)
        try northbound.tool("lsp-del", "tstor-n2")
        try addPort(northbound)
        let second = try await bound(bench, other: first)
        try bench.server.tool("clear", "Port_Binding", second.description, "chassis")
        _ = try await bound(bench)
        #expect(bench.repaired.isEmpty)
    }

    @Test func aChassisThatSomebodyDeletesComesBackAndIsBoundAgain() async throws {
        let (bench, northbound, northd) = try bench()
        defer { withExtendedLifetime(northd) {} }
        for row in remote { bench.put(row) }
        try addPort(northbound)
        await bench.apply()
        _ = try await bound(bench)
        try bench.server.tool("chassis-del", "c2")
        await bench.untilRepaired()
        _ = try await bound(bench)
        #expect(try bench.server.tool("--bare", "--columns=ip", "list", "Encap") == "10.0.0.2")
    }

    @Test func theNodesOwnChassisIsLeftAloneAndARemoteOneGoesWithItsRows() async throws {
        let (bench, northbound, northd) = try bench()
        defer { withExtendedLifetime(northd) {} }
        try bench.server.tool("chassis-add", "c1", "geneve", "10.0.0.1")
        for row in remote { bench.put(row) }
        try addPort(northbound)
        await bench.apply()
        let binding = try await bound(bench)
        bench.removeAll()
        await bench.restart()
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Chassis") == "c1")
        #expect(try bench.server.tool("--bare", "--columns=ip", "list", "Encap") == "10.0.0.1")
        #expect(try bench.server.tool("get", "Port_Binding", binding.description, "chassis") == "[]")
    }

    @Test func aBindingThatIsNoLongerDesiredIsEmptied() async throws {
        let (bench, northbound, northd) = try bench()
        defer { withExtendedLifetime(northd) {} }
        for row in remote { bench.put(row) }
        try addPort(northbound)
        await bench.apply()
        let binding = try await bound(bench)
        bench.remove(PortBinding(key: .fixed("tstor-n2")))
        await bench.apply()
        #expect(try bench.server.tool("get", "Port_Binding", binding.description, "chassis") == "[]")
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Chassis") == "c2")
    }
}
