/// Who is behind a row: found by looking at what each cell holds, so that nothing is kept for it.
extension Engine {
    func owner(of cell: UInt32, columns: [String] = []) -> Owner {
        let path = path(of: cell)
        let module = modules[Int(subscriptions[cells[cell].subscription].module) - 1].name
        return Owner(module: module, object: path[0], cell: path, columns: columns)
    }

    /// The cells that contribute to a row.
    public func owners(of id: RowID) -> [Owner] {
        let row = findRow(id)
        return row == 0 ? [] : holders(ofRow: row).map { owner(of: $0.cell, columns: $0.columns) }
    }

    /// The cells that contribute to each row there is; one pass over all cells.
    public func owners() -> [RowID: [Owner]] {
        var result: [RowID: [Owner]] = [:]
        eachCell { cell in
            for (row, columns) in held(by: cell) {
                result[identity(ofRow: row), default: []].append(owner(of: cell, columns: columns))
            }
        }
        return result
    }

    /// Why a set column has a member: the cells that add it or fill the column with a group that shows it, and the
    /// objects of the groups that have the value.
    public func sources(of id: RowID, column: Int, member: Value) -> (owners: [Owner], objects: [ObjectID]) {
        let row = findRow(id)
        guard row != 0, let ordinal = tables[Int(rows[row].table)].position.firstIndex(of: column) else {
            return ([], [])
        }
        let place = row << 5 | UInt32(ordinal)
        let value = self.value(member)
        let shown = findColumn(place)
        let fact = findFact(place, value)
        var members: [UInt32] = []
        if shown != 0, case let holder = findHolder(columns[shown].facet, value), holder != 0 {
            members = vecs.read(holders[holder].slots) { $0.filter { shows(shown, slots[$0].bucket) } }
        }
        var owners: [Owner] = []
        for cell in 1..<max(1, cells.end) where cells[cell].subscription != 0 {
            let says = vecs.read(cells[cell].holdings) { tokens in
                tokens.contains { token in
                    let id = token & Token.id
                    switch token & ~Token.id {
                    case Token.fact: return id == fact
                    case Token.projection where projections[id].column == shown:
                        let group = projections[id].group
                        return members.contains { vecs.contains(buckets[slots[$0].bucket].groups, group) }
                    default: return false
                    }
                }
            }
            if says { owners.append(owner(of: cell, columns: [id.table.columns[column].name])) }
        }
        return (owners, members.map { identity(ofSlot: $0) }.sorted())
    }

    /// The cells that contribute to a row, with the columns; of one bundle if given.
    func holders(ofRow row: UInt32, bundle: UInt32? = nil) -> [(cell: UInt32, columns: [String])] {
        var result: [(cell: UInt32, columns: [String])] = []
        eachCell { cell in
            if let columns = held(by: cell, row: row, bundle: bundle)[row] { result.append((cell, columns)) }
        }
        return result
    }

    private func eachCell(_ body: (UInt32) -> Void) {
        for cell in 1..<max(1, cells.end) where cells[cell].subscription != 0 { body(cell) }
    }

    /// The rows that a cell contributes to, with the columns (none: it only wants the row to be); of one row or one
    /// bundle if given.
    private func held(by cell: UInt32, row only: UInt32? = nil, bundle: UInt32? = nil) -> [UInt32: [String]] {
        var found: [UInt32: Set<Int>] = [:]
        let holdings = cells[cell].holdings
        for i in 0..<holdings.count {
            let token = vecs[holdings, i]
            let id = token & Token.id
            switch token & ~Token.id {
            case Token.fact:
                let fact = facts[id]
                guard only.map({ fact.row == $0 }) ?? true else { continue }
                if fact.column == Fact.bundle {
                    guard bundle.map({ fact.value == $0 }) ?? true else { continue }
                    found[fact.row, default: []]
                        .formUnion(Bundle.entries(bundles.words(fact.value)).map { Int($0.column) })
                } else if bundle == nil {
                    let position = tables[Int(rows[fact.row].table)].position
                    found[fact.row, default: []].insert(position[Int(fact.column)])
                }
            case Token.projection where bundle == nil:
                let place = columns[projections[id].column].place
                let row = place >> 5
                guard only.map({ row == $0 }) ?? true else { continue }
                found[row, default: []].insert(tables[Int(rows[row].table)].position[Int(place & 31)])
            default: break
            }
        }
        return Dictionary(
            uniqueKeysWithValues: found.map { row, positions in
                let names = tables[Int(rows[row].table)].columns
                return (row, positions.sorted().map { names[$0].name })
            })
    }
}
