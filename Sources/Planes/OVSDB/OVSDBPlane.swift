import Core
import OVSDB
import Synchronization

/// Realises the rows of one OVSDB database: northbound, southbound or vswitch.
///
/// Each turn is one transaction. Rows of ours that somebody changes come back; rows of others stay. Needs somebody to
/// run the database.
public final class OVSDBPlane: AuditedPlane {
    public let name: String
    private let database: Database
    private let tables: [Table]
    private let counters = Mutex(OVSDBStatistics())
    private let inbox: Inbox
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// Has to be made before the database runs. `tables` are all tables of the plane: rows of ours in them that nobody
    /// desires are removed.
    public init(name: String, database: Database, tables: [Table]) {
        self.name = name
        self.database = database
        self.tables = tables
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.wakes, self.wake) = (wakes, wake)
        inbox = Inbox { wake.yield() }
        for table in tables { database.monitor(table.name, columns: table.columns.map(\.name)) }
    }

    public var statistics: OVSDBStatistics { counters.withLock { $0 } }
    public var writes: Int { statistics.transactions }

    public func audit() async -> Audit? { await inbox.audit() }

    public func apply(_ delta: Delta) { inbox.put(delta) }

    public func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async {
        let subscription = database.subscribe(to: tables.map(\.name)) { [wake] in wake.yield() }
        wake.yield()
        var work = Work(reconciler: Reconciler(database: database, tables: tables))
        var alarm: Task<Void, Never>?
        defer { alarm?.cancel() }
        for await _ in wakes {
            let deltas = inbox.takeDeltas()
            work.reconciler.absorb(subscription.take())
            for delta in deltas { work.reconciler.absorb(delta) }
            var statistics = statistics
            let askers = inbox.takeAskers()
            if !askers.isEmpty { work.reconciler.startOver() }
            let writesBefore = statistics.transactions
            let outcome = await work.reconciler.flush(&statistics) { subscription.take() }
            counters.withLock { [statistics] in $0 = statistics }
            for event in work.reports(outcome, plane: name) { report(event) }
            let found = Audit(
                differences: outcome.changed.sorted(), writes: statistics.transactions - writesBefore)
            askers.forEach { $0.resume(returning: outcome.isComplete ? found : nil) }
            alarm?.cancel()
            alarm = work.reconciler.quarrels.next.map { end in
                Task { [wake] in
                    try? await Task.sleep(until: end)
                    wake.yield()
                }
            }
        }
        inbox.disappoint()
    }

    /// What the run has told so far.
    private struct Work {
        let reconciler: Reconciler
        var wasConnected: Bool?
        var refused: [RowID: String] = [:]
        var confirmed: UInt64?

        mutating func reports(_ outcome: Reconciler.Outcome, plane: String) -> [PlaneReport] {
            var reports: [PlaneReport] = []
            if wasConnected != reconciler.isConnected {
                wasConnected = reconciler.isConnected
                reports.append(.connected(plane: plane, reconciler.isConnected))
            }
            let refused = reconciler.refused.mapValues(\.words)
            if refused != self.refused {
                self.refused = refused
                reports.append(.refused(plane: plane, rows: refused))
            }
            if !outcome.repaired.isEmpty {
                reports.append(.repaired(plane: plane, rows: outcome.repaired.sorted()))
            }
            if outcome.isComplete, let turn = reconciler.desired.turn, confirmed != turn {
                confirmed = turn
                reports.append(.confirmed(plane: plane, turn: turn))
            }
            return reports
        }
    }
}
