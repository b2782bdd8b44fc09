/// From the journal to what planes do.
extension Engine {
    /// One net transition.
    struct NetEntry: BitwiseCopyable {
        var place: UInt32
        var value: UInt32
        var sign: Int32
    }

    /// Sorts the journal and keeps what does not cancel.
    func net() -> [NetEntry] {
        var entries = journal.elements
        entries.sort { $0.key < $1.key }
        var result: [NetEntry] = []
        var i = 0
        while i < entries.count {
            let key = entries[i].key
            var sum: Int32 = 0
            while i < entries.count && entries[i].key == key {
                sum += entries[i].sign
                i += 1
            }
            assert((-1...1).contains(sum), "a member came or went twice")
            if sum != 0 {
                result.append(
                    NetEntry(place: UInt32(key >> 32), value: UInt32(truncatingIfNeeded: key), sign: sum))
            }
        }
        journal.removeAll()
        return result
    }

    /// The changes of rows by plane, each sorted by row.
    func changes(_ net: [NetEntry]) -> [[RowChange]] {
        var touched: [UInt32: Range<Int>] = [:]
        var order: [UInt32] = []
        var i = 0
        while i < net.count {
            let row = net[i].place >> 5
            let start = i
            while i < net.count && net[i].place >> 5 == row { i += 1 }
            touched[row] = start..<i
            order.append(row)
        }
        var result: [[RowChange]] = Array(repeating: [], count: planes.count)
        for row in sorted(order) {
            guard let range = touched[row], let change = change(row, net[range]) else { continue }
            result[tables[Int(rows[row].table)].plane].append(change)
        }
        return result
    }

    /// The whole table of one plane.
    func everything(plane: Int) -> [RowChange] {
        var list: [UInt32] = []
        for row in 1..<max(1, rows.end) where rows[row].declared > 0 {
            if tables[Int(rows[row].table)].plane == plane { list.append(row) }
        }
        return sorted(list).map { insertion($0) }
    }

    private func change(_ row: UInt32, _ entries: ArraySlice<NetEntry>) -> RowChange? {
        var difference = 0
        for entry in entries where entry.place & 31 == Fact.bundle && Bundle.declares(bundles.words(entry.value)) {
            difference += Int(entry.sign)
        }
        let after = Int(rows[row].declared)
        switch (after - difference > 0, after > 0) {
        case (false, false): return nil
        case (false, true): return insertion(row)
        case (true, false): return RowChange(identity(ofRow: row), .deleted)
        case (true, true):
            let columns = bundleChanges(row, entries) + memberChanges(row, entries)
            if columns.isEmpty { return nil }
            return RowChange(identity(ofRow: row), .updated, columns.sorted { $0.column < $1.column })
        }
    }

    private func insertion(_ row: UInt32) -> RowChange {
        let position = tables[Int(rows[row].table)].position
        var columns = bundleChanges(from: [], to: merge(liveBundles(row)))
        for (ordinal, list) in members(row) {
            let added = list.map { content(ofValue: $0) }.sorted()
            columns.append(ColumnChange(position[ordinal], .set(added: added, removed: [])))
        }
        return RowChange(identity(ofRow: row), .inserted, columns.sorted { $0.column < $1.column })
    }

    private func memberChanges(_ row: UInt32, _ entries: ArraySlice<NetEntry>) -> [ColumnChange] {
        let position = tables[Int(rows[row].table)].position
        var result: [ColumnChange] = []
        var i = entries.startIndex
        while i < entries.endIndex {
            let place = entries[i].place
            var added: [Value] = []
            var removed: [Value] = []
            while i < entries.endIndex && entries[i].place == place {
                if place & 31 != Fact.bundle {
                    let value = content(ofValue: entries[i].value)
                    if entries[i].sign > 0 { added.append(value) } else { removed.append(value) }
                }
                i += 1
            }
            guard place & 31 != Fact.bundle else { continue }
            result.append(
                ColumnChange(position[Int(place & 31)], .set(added: added.sorted(), removed: removed.sorted())))
        }
        return result
    }

    private func bundleChanges(_ row: UInt32, _ entries: ArraySlice<NetEntry>) -> [ColumnChange] {
        let bundleEntries = entries.filter { $0.place & 31 == Fact.bundle }
        if bundleEntries.isEmpty { return [] }
        let now = liveBundles(row)
        let added = bundleEntries.filter { $0.sign > 0 }.map(\.value)
        let before = now.filter { !added.contains($0) } + bundleEntries.filter { $0.sign < 0 }.map(\.value)
        return bundleChanges(from: merge(before), to: merge(now))
    }

    private func bundleChanges(from old: [Bundle.Entry], to new: [Bundle.Entry]) -> [ColumnChange] {
        var changes: [ColumnChange] = []
        var maps: [UInt32: (set: [String: String], removed: [String])] = [:]
        func changed(_ entry: Bundle.Entry, _ value: UInt32?) {
            if entry.key == 0 {
                changes.append(ColumnChange(Int(entry.column), .scalar(value.map { content(ofValue: $0) })))
            } else if let value {
                maps[entry.column, default: ([:], [])].set[text(ofValue: entry.key)] = text(ofValue: value)
            } else {
                maps[entry.column, default: ([:], [])].removed.append(text(ofValue: entry.key))
            }
        }
        if old.isEmpty {
            for entry in new { changed(entry, entry.value) }
        } else {
            let before = Dictionary(old.map { ($0.place, $0.value) }, uniquingKeysWith: { a, _ in a })
            let after = Set(new.map(\.place))
            for entry in new where before[entry.place] != entry.value { changed(entry, entry.value) }
            for entry in old where !after.contains(entry.place) { changed(entry, nil) }
        }
        for (column, map) in maps {
            changes.append(ColumnChange(Int(column), .map(set: map.set, removed: map.removed.sorted())))
        }
        return changes
    }
}
