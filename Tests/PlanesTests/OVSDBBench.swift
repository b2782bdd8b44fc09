import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

/// A real server, a plane on it, and a desired table that tests change at will.
final class OVSDBBench {
    let server: DatabaseServer
    private(set) var desired: [RowID: RowContent] = [:]
    private(set) var plane: OVSDBPlane
    private(set) var database: Database
    private(set) var refused: [RowID: String] = [:]
    private(set) var repaired: [RowID] = []
    private var turn: UInt64 = 0
    private var sent: [RowID: RowContent] = [:]
    private var reports: AsyncStream<PlaneReport>.AsyncIterator
    private var tasks: [Task<Void, Never>] = []

    private static func tables(_ kind: DatabaseServer.Kind) -> [Table] {
        switch kind {
        case .northbound: Table.northbound
        case .southbound: Table.southbound
        case .vswitch: Table.vswitch
        }
    }

    init(_ kind: DatabaseServer.Kind, schema adapt: (String) throws -> String = { $0 }) throws {
        server = try DatabaseServer(kind, schema: adapt)
        try server.initialise()
        (database, plane, reports, tasks) = Self.start(server)
    }

    deinit { for task in tasks { task.cancel() } }

    private static func start(
        _ server: DatabaseServer
    ) -> (Database, OVSDBPlane, AsyncStream<PlaneReport>.AsyncIterator, [Task<Void, Never>]) {
        let database = Database(name: server.kind.rawValue, endpoint: server.endpoint)
        let tables = tables(server.kind)
        let plane = OVSDBPlane(name: tables[0].plane, database: database, tables: tables)
        let (stream, continuation) = AsyncStream.makeStream(of: PlaneReport.self)
        let tasks = [
            Task { await database.run() },
            Task { await plane.run { continuation.yield($0) } },
        ]
        return (database, plane, stream.makeAsyncIterator(), tasks)
    }

    /// Ends the plane and starts another, as a restart of the daemon does. The next `apply` sends all.
    func restart() async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        (database, plane, reports, tasks) = Self.start(server)
        (turn, sent, refused, repaired) = (0, [:], [:], [])
    }

    func put(_ rows: any Row...) { for row in rows { store(row) } }

    private func store(_ row: some Row) {
        let id = Self.id(row)
        var writer = ColumnWriter()
        row.encode(into: &writer)
        var content = RowContent()
        for (index, column) in writer.columns {
            switch column {
            case .scalar(let value): content.columns[index] = .scalar(value)
            case .set(let values): if !values.isEmpty { content.columns[index] = .set(Set(values)) }
            case .map(let entries): if !entries.isEmpty { content.columns[index] = .map(entries) }
            }
        }
        desired[id] = content
    }

    func remove(_ rows: any Row...) { for row in rows { desired[Self.id(row)] = nil } }
    func removeAll() { desired = [:] }

    static func id(_ row: some Row) -> RowID {
        guard case .fixed(let key) = row.key else { return RowID(type(of: row).table, "\(row.key)") }
        return RowID(type(of: row).table, key)
    }

    /// Hands the plane the difference, without waiting.
    func send() {
        turn += 1
        var changes: [RowChange] = []
        for (id, old) in sent where desired[id] == nil { _ = (changes.append(RowChange(id, .deleted)), old) }
        for (id, new) in desired {
            let columns = Self.changes(sent[id] ?? RowContent(), new)
            if sent[id] == nil {
                changes.append(RowChange(id, .inserted, columns))
            } else if !columns.isEmpty {
                changes.append(RowChange(id, .updated, columns))
            }
        }
        sent = desired
        plane.apply(Delta(plane: plane.name, turn: turn, rows: changes.sorted { $0.row < $1.row }))
    }

    /// Hands the plane the difference and waits until it is confirmed.
    func apply() async {
        send()
        await until { if case .confirmed(_, turn) = $0 { true } else { false } }
    }

    /// Waits for a report.
    func until(_ condition: (PlaneReport) -> Bool) async {
        while let report = await reports.next() {
            switch report {
            case .refused(_, let rows): refused = rows
            case .repaired(_, let rows): repaired += rows
            default: break
            }
            if condition(report) { return }
        }
    }

    func untilRepaired() async { await until { if case .repaired = $0 { true } else { false } } }

    private static func changes(_ old: RowContent, _ new: RowContent) -> [ColumnChange] {
        Set(old.columns.keys).union(new.columns.keys).sorted().compactMap { index in
            let (a, b) = (old.columns[index], new.columns[index])
            if a == b { return nil }
            switch (a, b) {
            case (_, .scalar(let value)): return ColumnChange(index, .scalar(value))
            case (.scalar, nil): return ColumnChange(index, .scalar(nil))
            case (.map, _), (_, .map):
                let x: [String: String] = if case .map(let x)? = a { x } else { [:] }
                let y: [String: String] = if case .map(let y)? = b { y } else { [:] }
                return ColumnChange(
                    index, .map(set: y.filter { x[$0.key] != $0.value }, removed: x.keys.filter { y[$0] == nil }))
            default:
                let x: Set<Value> = if case .set(let x)? = a { x } else { [] }
                let y: Set<Value> = if case .set(let y)? = b { y } else { [] }
                return ColumnChange(
                    index, .set(added: y.subtracting(x).sorted(), removed: x.subtracting(y).sorted()))
            }
        }
    }
}
