import Core

/// A plane that knows only deltas, and finds those that do not fit what it has.
struct Replica {
    private(set) var rows: [RowID: RowContent] = [:]
    private(set) var faults: [String] = []

    mutating func apply(_ deltas: [Delta]) {
        for delta in deltas {
            if delta.rows != delta.rows.sorted(by: { $0.row < $1.row }) { faults.append("not sorted") }
            for change in delta.rows { apply(change) }
        }
    }

    private mutating func apply(_ change: RowChange) {
        switch change.what {
        case .inserted:
            if rows[change.row] != nil { faults.append("\(change.row) inserted twice") }
            rows[change.row] = RowContent()
        case .updated:
            if rows[change.row] == nil { faults.append("\(change.row) updated, but not there") }
            if change.columns.isEmpty { faults.append("\(change.row) updated with nothing") }
        case .deleted:
            if rows.removeValue(forKey: change.row) == nil { faults.append("\(change.row) deleted, but not there") }
            return
        }
        for column in change.columns { apply(column, change.row) }
    }

    private mutating func apply(_ change: ColumnChange, _ row: RowID) {
        var columns = rows[row]?.columns ?? [:]
        switch change.what {
        case .scalar(let value): columns[change.column] = value.map { .scalar($0) }
        case .set(let added, let removed):
            var members: Set<Value> = []
            if case .set(let known)? = columns[change.column] { members = known }
            for value in removed where members.remove(value) == nil { faults.append("\(row): \(value) was not there") }
            for value in added where !members.insert(value).inserted { faults.append("\(row): \(value) added twice") }
            columns[change.column] = members.isEmpty ? nil : .set(members)
        case .map(let set, let removed):
            var map: [String: String] = [:]
            if case .map(let known)? = columns[change.column] { map = known }
            for key in removed where map.removeValue(forKey: key) == nil { faults.append("\(row): no entry \(key)") }
            for (key, value) in set { map[key] = value }
            columns[change.column] = map.isEmpty ? nil : .map(map)
        }
        rows[row]?.columns = columns
    }
}
