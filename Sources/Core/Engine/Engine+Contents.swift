/// What rows hold.
extension Engine {
    /// What all contributions to a row add up to; nil when nobody declares it.
    public func contents(of id: RowID) -> RowContent? {
        let row = findRow(id)
        return row != 0 && rows[row].declared > 0 ? contents(row) : nil
    }

    func contents(_ row: UInt32) -> RowContent {
        var content = RowContent()
        let info = tables[Int(rows[row].table)]
        for entry in merge(liveBundles(row)) {
            let column = Int(entry.column)
            if entry.key == 0 {
                content.columns[column] = .scalar(self.content(ofValue: entry.value))
            } else {
                var map: [String: String] = [:]
                if case .map(let entries)? = content.columns[column] { map = entries }
                map[text(ofValue: entry.key)] = text(ofValue: entry.value)
                content.columns[column] = .map(map)
            }
        }
        for (ordinal, list) in members(row) {
            content.columns[info.position[ordinal]] = .set(Set(list.map { self.content(ofValue: $0) }))
        }
        return content
    }

    /// The value ids in each set column that has some, by number of set column.
    func members(_ row: UInt32) -> [(ordinal: Int, values: [UInt32])] {
        let count = tables[Int(rows[row].table)].position.count
        if count == 0 { return [] }
        var sets: [[UInt32]] = Array(repeating: [], count: count)
        var fact = rows[row].facts
        while fact != 0 {
            if facts[fact].count.uses > 0 { sets[Int(facts[fact].column)].append(facts[fact].value) }
            fact = facts[fact].next
        }
        var result: [(ordinal: Int, values: [UInt32])] = []
        for ordinal in sets.indices {
            let column = findColumn(row << 5 | UInt32(ordinal))
            if column != 0 && columns[column].uses > 0 {
                addShown(column, &sets[ordinal])
                sets[ordinal] = sets[ordinal].sortedUnique()
            }
            if !sets[ordinal].isEmpty { result.append((ordinal, sets[ordinal])) }
        }
        return result
    }

    /// Appends what groups show; values may be there twice.
    private func addShown(_ column: UInt32, _ list: inout [UInt32]) {
        let facet = facets[Int(columns[column].facet)]
        var projection = columns[column].projections
        while projection != 0 {
            let held = groups[projections[projection].group].buckets
            for i in 0..<held.count {
                let members = buckets[vecs[held, i]].members
                for j in 0..<members.count {
                    vecs.read(facet.values[vecs[members, j]]) { list.append(contentsOf: $0) }
                }
            }
            projection = projections[projection].nextOfColumn
        }
    }

    /// The rows that exist, sorted; of one plane or table if named.
    public func rows(plane: String? = nil, table: String? = nil) -> [RowID] {
        var list: [UInt32] = []
        for row in 1..<max(1, rows.end) where rows[row].declared > 0 {
            let info = tables[Int(rows[row].table)].table
            if let plane, info.plane != plane { continue }
            if let table, info.name != table { continue }
            list.append(row)
        }
        return sorted(list).map { identity(ofRow: $0) }
    }

    /// Sorts rows by plane, table and key.
    func sorted(_ list: [UInt32]) -> [UInt32] {
        list.sorted { a, b in
            let x = rows[a].table
            let y = rows[b].table
            if x != y { return tables[Int(x)].rank < tables[Int(y)].rank }
            return key(ofRow: a).precedes(key(ofRow: b))
        }
    }
}

extension Engine {
    /// The members of one set column, sorted; also of a row that nobody declares.
    public func members(of id: RowID, column: Int) -> [Value] {
        let row = findRow(id)
        guard row != 0 else { return [] }
        let position = tables[Int(rows[row].table)].position
        return members(row).first { position[$0.ordinal] == column }?.values.map { content(ofValue: $0) }.sorted() ?? []
    }
}

extension [UInt32] {
    fileprivate func sortedUnique() -> [UInt32] {
        if count < 2 { return self }
        var list = sorted()
        var kept = 1
        for i in 1..<list.count where list[i] != list[kept - 1] {
            list[kept] = list[i]
            kept += 1
        }
        list.removeLast(list.count - kept)
        return list
    }
}
