extension Replica {
    /// Takes in updates and answers what changed.
    mutating func apply(_ updates: TableUpdates) -> [RowUpdate] {
        var changes: [RowUpdate] = []
        for (table, rows) in updates.tables {
            for (uuid, news) in rows {
                guard let what = tables[table]?.apply(uuid, news) else { continue }
                changes.append(RowUpdate(table: table, uuid: uuid, what: what))
            }
        }
        return changes
    }

    /// What differs between an older state and this one. Columns are those of this one.
    func changes(since old: Replica) -> [RowUpdate] {
        var changes: [RowUpdate] = []
        for (name, table) in tables {
            let before = old.tables[name]?.rows ?? [:]
            for (uuid, row) in before where table.rows[uuid] == nil {
                changes.append(RowUpdate(table: name, uuid: uuid, what: .deleted(row)))
            }
            for (uuid, row) in table.rows {
                guard let was = before[uuid] else {
                    changes.append(RowUpdate(table: name, uuid: uuid, what: .inserted))
                    continue
                }
                let columns = zip(was.columns, row.columns).enumerated().compactMap { position, pair in
                    pair.0.difference(to: pair.1).map { ColumnUpdate(column: position, what: $0) }
                }
                if !columns.isEmpty {
                    changes.append(RowUpdate(table: name, uuid: uuid, what: .modified(columns)))
                }
            }
        }
        return changes
    }

    /// Whether rows of an older state can be compared with rows of this one, column by column.
    func hasSameColumns(as old: Replica) -> Bool {
        tables.count == old.tables.count
            && tables.allSatisfy { name, table in old.tables[name]?.columns == table.columns }
    }
}

extension ReplicaTable {
    fileprivate mutating func apply(_ uuid: RowUUID, _ news: RowNews) -> RowUpdate.What? {
        switch news {
        case .deleted:
            return rows.removeValue(forKey: uuid).map { .deleted($0) }
        case .whole(let columns):
            return replace(uuid, columns)
        case .replacement(let columns):
            return replace(uuid, columns)
        case .difference(let columns):
            guard rows[uuid] != nil else { return replace(uuid, columns) }
            var updates: [ColumnUpdate] = []
            for (position, datum) in columns {
                let isWhole = self.columns[position].type.value == nil && self.columns[position].type.max == 1
                if isWhole {
                    rows[uuid]?.columns[position] = datum
                    updates.append(ColumnUpdate(column: position, what: .value))
                } else if let what = rows[uuid]?.columns[position].toggle(datum) {
                    updates.append(ColumnUpdate(column: position, what: what))
                }
            }
            return .modified(updates)
        }
    }

    private mutating func replace(_ uuid: RowUUID, _ columns: [(column: Int, datum: Datum)]) -> RowUpdate.What? {
        var row = blank
        for (position, datum) in columns { row.columns[position] = datum }
        guard let was = rows.updateValue(row, forKey: uuid) else { return .inserted }
        let updates = zip(was.columns, row.columns).enumerated().compactMap { position, pair in
            pair.0.difference(to: pair.1).map { ColumnUpdate(column: position, what: $0) }
        }
        return updates.isEmpty ? nil : .modified(updates)
    }
}

extension Datum {
    /// Applies a difference: members that are there go, others come; entries likewise, or change their value.
    fileprivate mutating func toggle(_ difference: Datum) -> ColumnUpdate.What {
        switch (self, difference) {
        case (.set(var members), .set(let changed)):
            self = .set([])
            for member in changed where members.remove(member) == nil { members.insert(member) }
            self = .set(members)
            return .members(changed)
        case (.map(var entries), .map(let changed)):
            self = .map([:])
            for (key, value) in changed {
                if entries[key] == value { entries[key] = nil } else { entries[key] = value }
            }
            self = .map(entries)
            return .keys(Set(changed.keys))
        default:
            self = difference
            return .value
        }
    }

    fileprivate func difference(to new: Datum) -> ColumnUpdate.What? {
        if self == new { return nil }
        switch (self, new) {
        case (.set(let a), .set(let b)): return .members(a.symmetricDifference(b))
        case (.map(let a), .map(let b)):
            return .keys(Set(a.keys).union(b.keys).filter { a[$0] != b[$0] })
        default: return .value
        }
    }
}
