import Core
import Linux
import Model

/// Keeps the flows of all bridges as the rows say. Lives on the plane's thread.
final class OpenFlowWorker<Sink: FlowSink> {
    private let sink: Sink
    private let owns: @Sendable (String) -> Bool
    private var desired = DesiredTable()
    private var wanted: [String: [RowID: BridgeTable.Wanted]] = [:]
    private var malformed: [RowID: String] = [:]
    private var tables: [String: BridgeTable] = [:]
    private var ports: [String: [String: Int]]?
    private var touched: Set<RowID> = []
    private(set) var isStarted = false
    private(set) var writes = 0
    private let keeper: LearnedKeeper<Sink>
    /// Bridges that have lost flows, until what they had learned is back.
    private var cleared: Set<String> = []

    init(_ sink: Sink, owns: @escaping @Sendable (String) -> Bool) {
        self.sink = sink
        self.owns = owns
        keeper = LearnedKeeper(sink)
    }

    /// Bridges of which rows speak, or did.
    var bridges: Set<String> { Set(tables.keys) }

    /// Whether flows give ports by name, or wait, so that it is worth asking for ports now and then.
    var followsPorts: Bool { tables.values.contains { $0.usesNames || !$0.waiting.isEmpty } }

    /// Whether some bridge or port is not there yet.
    var isWaiting: Bool { tables.values.contains { $0.present == nil || !$0.waiting.isEmpty } }

    /// Whether flows wait for a port.
    var waits: Bool { tables.values.contains { !$0.waiting.isEmpty } }

    /// The bridges whose flows are not known, since they could not be reached.
    var openBridges: Set<String> { Set(tables.values.filter { $0.present == nil }.map(\.name)) }

    /// Takes a delta in; says which bridges it concerns.
    func take(_ delta: Delta) -> Set<String> {
        var concerned: Set<String> = isStarted ? [] : leftBehind()
        isStarted = true
        desired.apply(delta)
        for change in delta.rows {
            touched.insert(change.row)
            malformed[change.row] = nil
            for bridge in Array(wanted.keys) where wanted[bridge]?.removeValue(forKey: change.row) != nil {
                concerned.insert(bridge)
            }
            if change.row.table == LearnedFlows.table {
                do { try keeper.take(change.row, desired[change.row]) } catch {
                    malformed[change.row] = error.description
                }
                touched.remove(change.row)
                continue
            }
            guard let content = desired[change.row] else { continue }
            do {
                let (bridge, flow) = try Self.read(change.row, content)
                wanted[bridge, default: [:]][change.row] = flow
                concerned.insert(bridge)
            } catch { malformed[change.row] = error.description }
        }
        for bridge in concerned where tables[bridge] == nil {
            tables[bridge] = BridgeTable(bridge, isOwned: owns(bridge))
        }
        return concerned
    }

    /// The bridges that have flows of ours, from an earlier run of the program.
    private func leftBehind() -> Set<String> {
        let all = (try? sink.ports())?.keys.map { $0 } ?? []
        return Set(all.filter { bridge in ((try? sink.dump(bridge, onlyMarked: true)) ?? [:]).isEmpty == false })
    }

    private static func read(
        _ row: RowID, _ content: RowContent
    ) throws(MalformedRow) -> (String, BridgeTable.Wanted) {
        let reader = RowReader(table: row.table, content: content)
        let flow = BridgeTable.Wanted(
            row: row, match: reader.optionalString("match") ?? "", actions: try reader.string("actions"),
            table: reader.optionalInteger("table") ?? 0, priority: try reader.integer("priority"),
            cookie: reader.optionalInteger("cookie") ?? 0)
        return (try reader.string("bridge"), flow)
    }

    /// Whether somebody else has a say over a bridge with flows of ours, so that it is worth looking for losses.
    var watches: Bool { !keeper.isIdle || tables.values.contains { !$0.isOwned && $0.present?.isEmpty == false } }

    /// Whether a loss costs more than the flows themselves.
    var hasLearned: Bool { !keeper.isIdle }

    /// Looks for what others do to bridges: the bridges that have lost flows of ours are distrusted and returned. What
    /// a bridge has learned is remembered as long as it has lost none.
    func lookForLosses() throws -> Set<String> {
        // Those whose flows are not known may be of a switch that has just started: what they had learned has to be
        // back before the flows that learn, which would learn anew.
        for (bridge, table) in tables where table.present == nil || cleared.contains(bridge) {
            try keeper.restore(bridge)
        }
        cleared = cleared.filter { tables[$0] != nil && tables[$0]?.present == nil }
        var losers: Set<String> = []
        func isWhole(_ bridge: String) throws -> Bool {
            guard let table = tables[bridge], !table.isOwned else { return true }
            guard let present = table.present else { return false }
            return try sink.count(bridge) >= present.count
        }
        for (bridge, table) in tables where table.present != nil && sink.isReachable(bridge) {
            if try !isWhole(bridge) { losers.insert(bridge) }
        }
        if losers.isEmpty { try keeper.look(isWhole) }
        for bridge in losers {
            distrust(bridge)
            // Before the flows that learn are back: they would learn anew.
            try keeper.restore(bridge)
        }
        cleared.formUnion(losers)
        return losers
    }

    /// Forgets what is known of a bridge's flows, so that the next round reads them.
    func distrust(_ bridge: String) { tables[bridge]?.present = nil }

    /// Asks for the ports; says which bridges have others than before.
    func refreshPorts() throws -> Set<String> {
        let now = try sink.ports()
        defer { ports = now }
        return bridges.filter { now?[$0] != ports?[$0] }
    }

    struct Result {
        var refused: [RowID: String]
        var repaired: [RowID]
        /// All rows whose flows had to be written.
        var written: [RowID]
        /// Every bridge of which a row speaks takes flows.
        var isConnected: Bool
    }

    func round(_ concerned: Set<String>) throws -> Result {
        if ports == nil { _ = try refreshPorts() }
        var repaired: [RowID] = []
        var written: [RowID] = []
        var failure: (any Error)?
        for bridge in concerned.sorted() {
            guard var table = tables[bridge] else { continue }
            guard sink.isReachable(bridge) else {
                if wanted[bridge]?.isEmpty ?? true { tables[bridge] = nil } else { tables[bridge]?.present = nil }
                continue
            }
            let wasKnown = table.present != nil
            let rows = (wanted[bridge] ?? [:]).values.sorted { $0.row < $1.row }
            do {
                let result = try table.reconcile(rows, ports: ports?[bridge] ?? [:], sink)
                writes += result.count
                written += result.written
                keeper.follow { $0 == bridge }
                if !wasKnown, !result.written.isEmpty { cleared.insert(bridge) }
                if !wasKnown { repaired += result.written.filter { !touched.contains($0) } }
            } catch {
                table.present = nil
                failure = error
            }
            tables[bridge] = table
            // Nothing is wanted any more and nothing is left: the bridge is no concern of ours.
            if rows.isEmpty, failure == nil { tables[bridge] = nil }
        }
        touched = touched.filter { row in waits(row) }
        keeper.follow { tables[$0] == nil }
        if let failure { throw failure }
        var refused = malformed
        for table in tables.values { refused.merge(table.refused) { $1 } }
        return Result(
            refused: refused, repaired: repaired.sorted(), written: written.sorted(),
            isConnected: !tables.values.contains { $0.present == nil })
    }

    /// Rows that have not been in force yet: when they go in, that is no repair.
    private func waits(_ row: RowID) -> Bool {
        tables.values.contains { table in
            table.waiting.contains(row) || (table.present == nil && wanted[table.name]?[row] != nil)
        }
    }
}
