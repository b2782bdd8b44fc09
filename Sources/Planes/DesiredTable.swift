import Core

/// A plane's own copy of the rows it has to realise, kept current by the deltas.
///
/// It also knows which rows refer to which, for planes that realise references.
public struct DesiredTable: Sendable {
    public private(set) var rows: [RowID: RowContent] = [:]
    /// The turn of the last delta; nil before the first, which is the whole table.
    public private(set) var turn: UInt64?
    /// How many columns of a row hold a reference to a row, by the row referred to.
    private var references: [RowID: [RowID: Int]] = [:]

    public init() {}

    public subscript(_ row: RowID) -> RowContent? { rows[row] }

    /// The rows that refer to a row, whether it is there or not.
    public func referrers(of row: RowID) -> some Collection<RowID> { (references[row] ?? [:]).keys }

    /// Takes in a delta; answers what the rows that it deletes or inserts anew held before.
    @discardableResult
    public mutating func apply(_ delta: Delta) -> [RowID: RowContent] {
        turn = delta.turn
        var gone: [RowID: RowContent] = [:]
        for change in delta.rows {
            switch change.what {
            case .deleted:
                gone[change.row] = remove(change.row)
            case .inserted:
                gone[change.row] = remove(change.row)
                rows[change.row] = RowContent()
                for column in change.columns { apply(column, to: change.row) }
            case .updated:
                if rows[change.row] == nil { rows[change.row] = RowContent() }
                for column in change.columns { apply(column, to: change.row) }
            }
        }
        return gone
    }

    private mutating func remove(_ row: RowID) -> RowContent? {
        guard let content = rows.removeValue(forKey: row) else { return nil }
        for (index, column) in content.columns {
            switch column {
            case .scalar(let value): refer(row, value, -1)
            case .set(let members): for member in members { refer(row, member, -1) }
            case .map(let entries): refer(row, entries, of: index, -1)
            }
        }
        return content
    }

    private mutating func apply(_ change: ColumnChange, to row: RowID) {
        // Taken out while it changes, so that a large set is not copied.
        let old = rows[row]?.columns.removeValue(forKey: change.column)
        switch change.what {
        case .scalar(let value):
            if case .scalar(let old)? = old { refer(row, old, -1) }
            guard let value else { return }
            refer(row, value, 1)
            rows[row]?.columns[change.column] = .scalar(value)
        case .set(let added, let removed):
            let members = members(of: row, consuming: old, added: added, removed: removed)
            if !members.isEmpty { rows[row]?.columns[change.column] = .set(members) }
        case .map(let set, let removed):
            var entries: [String: String] = if case .map(let entries)? = old { entries } else { [:] }
            refer(row, entries, of: change.column, -1)
            for key in removed { entries[key] = nil }
            entries.merge(set) { $1 }
            refer(row, entries, of: change.column, 1)
            if !entries.isEmpty { rows[row]?.columns[change.column] = .map(entries) }
        }
    }

    private mutating func members(
        of row: RowID, consuming old: consuming RowContent.Column?, added: [Value], removed: [Value]
    ) -> Set<Value> {
        var members: Set<Value> = if case .set(let members)? = old { members } else { [] }
        old = nil
        for value in removed where members.remove(value) != nil { refer(row, value, -1) }
        for value in added where members.insert(value).inserted { refer(row, value, 1) }
        return members
    }

    private mutating func refer(_ row: RowID, _ entries: [String: String], of column: Int, _ count: Int) {
        guard row.table.columns[column].target != nil else { return }
        for target in row.table.rows(namedBy: .map(entries), in: column) { refer(row, .row(target), count) }
    }

    private mutating func refer(_ row: RowID, _ value: Value, _ count: Int) {
        guard case .row(let target) = value else { return }
        let left = (references[target]?[row] ?? 0) + count
        references[target, default: [:]][row] = left > 0 ? left : nil
        if references[target]?.isEmpty == true { references[target] = nil }
    }
}

extension Table {
    /// The rows that a column of a row refers to: by references, or as a map of keys.
    public func rows(namedBy column: RowContent.Column, in index: Int) -> Set<RowID> {
        switch column {
        case .scalar(.row(let row)): return [row]
        case .scalar: return []
        case .set(let members): return Set(members.compactMap { if case .row(let row) = $0 { row } else { nil } })
        case .map(let entries):
            guard let name = columns[index].target else { return [] }
            let table = Table(plane: plane, name: name, columns: [])
            return Set(entries.values.map { RowID(table, $0) })
        }
    }
}
