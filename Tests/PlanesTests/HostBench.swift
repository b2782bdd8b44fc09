import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Planes

/// Makes deltas from lists of rows, as the engine does.
struct RowSource {
    let plane: String
    private var known: [RowID: [Int: ColumnWriter.Content]] = [:]
    private(set) var turn: UInt64 = 0

    init(_ plane: String) { self.plane = plane }

    static func id(_ row: any Row) -> RowID {
        guard case .fixed(let key) = row.key else { preconditionFailure("rows of these planes have fixed keys") }
        return RowID(type(of: row).table, key)
    }

    mutating func delta(to rows: [any Row]) -> Delta {
        turn += 1
        var next: [RowID: [Int: ColumnWriter.Content]] = [:]
        for row in rows {
            var writer = ColumnWriter()
            row.encode(into: &writer)
            next[Self.id(row), default: [:]].merge(writer.columns.map { ($0.index, $0.content) }) { $1 }
        }
        var changes: [RowChange] = []
        for id in Set(known.keys).union(next.keys).sorted() where known[id] != next[id] {
            guard let new = next[id] else {
                changes.append(RowChange(id, .deleted))
                continue
            }
            let old = known[id] ?? [:]
            let columns = Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }
            changes.append(
                RowChange(
                    id, known[id] == nil ? .inserted : .updated, columns.map { Self.change($0, old[$0], new[$0]) }))
        }
        known = next
        return Delta(plane: plane, turn: turn, rows: changes)
    }

    private static func change(_ index: Int, _ old: ColumnWriter.Content?, _ new: ColumnWriter.Content?) -> ColumnChange
    {
        switch (old, new) {
        case (_, .scalar(let value)): return ColumnChange(index, .scalar(value))
        case (.scalar, nil): return ColumnChange(index, .scalar(nil))
        case (_, .set(let values)):
            var before: Set<Value> = []
            if case .set(let list) = old { before = Set(list) }
            return ColumnChange(
                index,
                .set(added: Set(values).subtracting(before).sorted(), removed: before.subtracting(values).sorted()))
        case (.set(let values), nil): return ColumnChange(index, .set(added: [], removed: values))
        case (_, .map(let entries)):
            var before: [String: String] = [:]
            if case .map(let map) = old { before = map }
            return ColumnChange(
                index,
                .map(
                    set: entries.filter { before[$0.key] != $0.value },
                    removed: before.keys.filter { entries[$0] == nil }.sorted()))
        case (.map(let map), nil): return ColumnChange(index, .map(set: [:], removed: map.keys.sorted()))
        case (nil, nil): preconditionFailure("a column that never was has not changed")
        }
    }
}

/// A running plane, and what it has reported.
final class PlaneBench<P: Plane> {
    let plane: P
    private var source: RowSource
    private let task: Task<Void, any Error>
    private var reports: AsyncStream<PlaneReport>.Iterator
    private(set) var refused: [RowID: String] = [:]
    private(set) var repaired: [RowID] = []

    init(_ plane: P) {
        self.plane = plane
        source = RowSource(plane.name)
        let (stream, continuation) = AsyncStream<PlaneReport>.makeStream()
        reports = stream.makeAsyncIterator()
        task = Task {
            defer { continuation.finish() }
            try await plane.run { continuation.yield($0) }
        }
    }

    deinit { task.cancel() }

    private func take(_ report: PlaneReport) {
        switch report {
        case .refused(_, let rows): refused = rows
        case .repaired(_, let rows): repaired += rows
        default: break
        }
    }

    /// Makes these the desired rows and waits until they are in force.
    func set(_ rows: [any Row]) async throws {
        let delta = source.delta(to: rows)
        plane.apply(delta)
        while let report = await reports.next(isolation: nil) {
            take(report)
            if case .confirmed(_, delta.turn) = report { return }
        }
        try await task.value
    }

    /// Waits until the row has been repaired, after the damage is done.
    func repair(of row: any Row, damage: () throws -> Void = {}) async throws {
        let id = RowSource.id(row)
        repaired = []
        try damage()
        while !repaired.contains(id), let report = await reports.next(isolation: nil) { take(report) }
        try #require(repaired.contains(id))
        repaired = []
    }

    /// Waits for the next report on refused rows.
    func refusals() async -> [RowID: String] {
        while let report = await reports.next(isolation: nil) {
            take(report)
            if case .refused = report { break }
        }
        return refused
    }

    func stop() async throws {
        task.cancel()
        try await task.value
    }
}

extension PlaneBench where P == HostPlane {
    /// A host plane inside a test namespace.
    convenience init(in namespace: TestNamespace, audit: Duration = .seconds(30)) throws {
        self.init(
            try HostPlane(
                .init(
                    namespace: namespace.namespace.path, ovsDirectory: "/tmp/\(namespace.name)", audit: audit)))
    }
}

/// Waits until something that comes by itself is there: polled, since it is the kernel's state that counts.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("did not come true: \(what)")
}
