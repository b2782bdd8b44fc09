import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

@Suite(.timeLimit(.minutes(3))) struct OVSDBBarrierTests {
    private func connect(_ server: DatabaseServer) -> (Database, NorthboundBarrier, Task<Void, Never>) {
        let database = Database(name: "OVN_Northbound", endpoint: server.endpoint)
        let barrier = NorthboundBarrier(database: database)
        return (database, barrier, Task { await database.run() })
    }

    @Test func theBarrierIsPassedOnceEveryChassisHasFollowed() async throws {
        let (northbound, southbound) = (try DatabaseServer(.northbound), try DatabaseServer(.southbound))
        try northbound.initialise()
        let northd = try Northd(northbound: northbound, southbound: southbound)
        defer { withExtendedLifetime(northd) {} }
        let (database, barrier, task) = connect(northbound)
        defer { task.cancel() }
        _ = try await database.wait(for: ["NB_Global"]) { $0["NB_Global"]?.rows.keys.first }
        let first = try await barrier.pass()
        let second = try await barrier.pass()
        #expect(second == first + 1)
        #expect(try northbound.tool("get", "NB_Global", ".", "hv_cfg") == "\(second)")
    }

    @Test func withoutTheRowThereIsAnError() async throws {
        let northbound = try DatabaseServer(.northbound)
        let (database, barrier, task) = connect(northbound)
        defer { task.cancel() }
        _ = try await database.wait(for: []) { $0.schema }
        await #expect(throws: NorthboundBarrier.NoRow.self) { try await barrier.pass() }
    }
}
