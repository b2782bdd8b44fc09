import Core
import Model
import NetworkPolicy
import OVSDB
import OVSDBTestKit
import Planes
import PodNetwork

/// The engine with the modules, and the plane of a northbound database.
final class Zone {
    let engine: Engine
    let plane: OVSDBPlane
    private let tasks: [Task<Void, Never>]
    private var reports: AsyncStream<PlaneReport>.AsyncIterator
    private var awaited: UInt64 = 0

    init(_ server: DatabaseServer) throws {
        let database = Database(name: server.kind.rawValue, endpoint: server.endpoint)
        let plane = OVSDBPlane(name: PlaneName.northbound, database: database, tables: Table.northbound)
        let (stream, continuation) = AsyncStream.makeStream(of: PlaneReport.self)
        self.plane = plane
        reports = stream.makeAsyncIterator()
        tasks = [
            Task { await database.run() },
            Task { await plane.run { continuation.yield($0) } },
        ]
        engine = Engine(scope: .node)
        engine.expect(
            feed: "load",
            kinds: [
                Pod.self, Node.self, Namespace.self, NetworkPolicy.self, AdminNetworkPolicy.self,
                BaselineAdminNetworkPolicy.self, ClusterNetwork.self, LocalNode.self, PolicySettings.self,
                OVSSystem.self, LinkAddress.self,
                Attachment.self,
            ])
        engine.attach(plane: PlaneName.northbound)
        let modules: [any NodeModule] = [PodNetworkModule(), NetworkPolicyModule()]
        for module in modules { try engine.enable(module) }
    }

    func stop() async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    func apply(_ objects: [any Kind]) {
        engine.apply(.changes(feed: "load", objects.map { .put($0) }, lane: .bulk))
    }

    func listed() { engine.apply(.listed(feed: "load")) }

    struct Result {
        var cells = 0
        /// Northbound rows in the deltas.
        var rows = 0
        var milliseconds = 0.0
    }

    /// Runs turns until nothing waits, and waits until the database has it all.
    func settle() async -> Result {
        var result = Result()
        let clock = Clock()
        repeat {
            let turn = engine.turn()
            result.cells += turn.statistics.cellRuns
            for delta in turn.deltas where delta.plane == PlaneName.northbound {
                result.rows += delta.rows.count
                awaited = delta.turn
                plane.apply(delta)
            }
        } while engine.hasWork
        var confirmed: UInt64 = 0
        while confirmed < awaited, let report = await reports.next() {
            if case .confirmed(_, let turn) = report { confirmed = turn }
            if case .refused(_, let rows) = report, let first = rows.first {
                fatalError("\(first.key): \(first.value)")
            }
            engine.report(report)
        }
        awaited = 0
        result.milliseconds = clock.milliseconds
        return result
    }
}
