/// Tables, rows, values and facts.
extension Engine {
    func tableInfo(_ table: Table) -> TableInfo {
        if let info = tableByInstance[table.instance] { return info }
        if let info = tableByName[table] { return info }
        let info = TableInfo(table, id: UInt32(tables.count), plane: plane(table.plane))
        tables.append(info)
        for (rank, info) in tables.sorted(by: { $0.table < $1.table }).enumerated() { info.rank = rank }
        tableByInstance.insert(table.instance, info)
        tableByName[table] = info
        return info
    }

    // MARK: rows

    /// The bytes of a row's key; valid until another row is made.
    @inline(__always)
    func key(ofRow row: UInt32) -> UnsafeRawBufferPointer {
        let record = rows[row]
        return UnsafeRawBufferPointer(start: rowKeys.address(record.key), count: Int(record.length))
    }

    @inline(__always)
    func rowHash(_ table: UInt32, _ key: UnsafeRawBufferPointer) -> UInt32 {
        StableHash.ids(table, UInt32(truncatingIfNeeded: StableHash.bytes(key)))
    }

    @inline(__always)
    private func findRow(_ table: UInt32, _ key: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32 {
        rowTable.find(hash) { rows[$0].table == table && self.key(ofRow: $0).equals(key) }
    }

    func findRow(_ id: RowID) -> UInt32 {
        guard let info = tableByInstance[id.table.instance] ?? tableByName[id.table] else { return 0 }
        var key = id.key
        return key.withUTF8 {
            let bytes = UnsafeRawBufferPointer($0)
            return findRow(info.id, bytes, rowHash(info.id, bytes))
        }
    }

    func row(_ table: TableInfo, _ key: String) -> UInt32 {
        var key = key
        return key.withUTF8 { row(table, UnsafeRawBufferPointer($0)) }
    }

    /// The row with that key; made if needed, and then without uses.
    func row(_ table: TableInfo, _ key: UnsafeRawBufferPointer) -> UInt32 {
        let hash = rowHash(table.id, key)
        let found = findRow(table.id, key, hash)
        if found != 0 { return found }
        let id = rows.add(RowRecord(table: table.id, key: rowKeys.store(key), length: UInt32(key.count)))
        precondition(id < 1 << 27, "more than 134 million rows")
        rowTable.insert(hash, id)
        _ = rows[id].count.list()
        unusedRows.append(id)
        return id
    }

    func row(_ id: RowID) -> UInt32 { row(tableInfo(id.table), id.key) }

    func identity(ofRow row: UInt32) -> RowID {
        RowID(tables[Int(rows[row].table)].table, String(decoding: key(ofRow: row), as: UTF8.self))
    }

    func drop(row: UInt32) {
        if rows[row].count.drop(), rows[row].count.list() { unusedRows.append(row) }
    }

    // MARK: values

    private enum Tag {
        static let integer: UInt8 = 0
        static let real: UInt8 = 1
        static let boolean: UInt8 = 2
        static let string: UInt8 = 3
    }

    func value(_ value: Value) -> UInt32 {
        let bytes = scratch.bytes
        bytes.removeAll()
        switch value {
        case .integer(let x):
            bytes.append(Tag.integer)
            bytes.append(long: UInt64(bitPattern: Int64(x)))
        case .real(let x):
            bytes.append(Tag.real)
            bytes.append(long: x.bitPattern)
        case .boolean(let x):
            bytes.append(Tag.boolean)
            bytes.append(x ? 1 : 0)
        case .string(let x): return self.value(x)
        case .row(let x): return self.value(row: row(x))
        }
        return values.intern(bytes.bytes).id
    }

    func value(_ text: String) -> UInt32 {
        let bytes = scratch.bytes
        bytes.removeAll()
        bytes.append(Tag.string)
        bytes.append(text: text)
        return values.intern(bytes.bytes).id
    }

    /// A reference to a row is the row's id with a mark: nothing to look up.
    @inline(__always)
    func value(row: UInt32) -> UInt32 { Self.rowMark | row }

    private static let rowMark: UInt32 = 1 << 31

    @inline(__always)
    func retain(value id: UInt32) {
        if id & Self.rowMark != 0 { _ = rows[id & ~Self.rowMark].count.add() } else { values.retain(id) }
    }

    @inline(__always)
    func release(value id: UInt32) {
        if id & Self.rowMark != 0 { drop(row: id & ~Self.rowMark) } else { values.release(id) }
    }

    func content(ofValue id: UInt32) -> Value {
        if id & Self.rowMark != 0 { return .row(identity(ofRow: id & ~Self.rowMark)) }
        let bytes = values.bytes(id)
        switch bytes[0] {
        case Tag.integer:
            return .integer(Int(Int64(bitPattern: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self))))
        case Tag.real: return .real(Double(bitPattern: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
        case Tag.boolean: return .boolean(bytes[1] == 1)
        default: return .string(String(decoding: bytes[1...], as: UTF8.self))
        }
    }

    func text(ofValue id: UInt32) -> String { String(decoding: values.bytes(id)[1...], as: UTF8.self) }

    // MARK: facts

    func findFact(_ place: UInt32, _ value: UInt32) -> UInt32 {
        factTable.find(StableHash.ids(place, value)) { facts[$0].place == place && facts[$0].value == value }
    }

    func fact(_ place: UInt32, _ value: UInt32) -> UInt32 {
        let found = findFact(place, value)
        if found != 0 { return found }
        let id = facts.add(Fact(place: place, value: value))
        precondition(id < 1 << 30, "more than a billion facts")
        factTable.insert(StableHash.ids(place, value), id)
        _ = facts[id].count.list()
        unusedFacts.append(id)
        let row = place >> 5
        _ = rows[row].count.add()
        let isBundle = place & 31 == Fact.bundle
        if isBundle { bundles.retain(value) } else { retain(value: value) }
        let next = isBundle ? rows[row].bundles : rows[row].facts
        facts[id].next = next
        if next != 0 { facts[next].previous = id }
        if isBundle { rows[row].bundles = id } else { rows[row].facts = id }
        return id
    }

    func free(fact id: UInt32) {
        let record = facts[id]
        let isBundle = record.column == Fact.bundle
        if record.previous != 0 {
            facts[record.previous].next = record.next
        } else if isBundle {
            rows[record.row].bundles = record.next
        } else {
            rows[record.row].facts = record.next
        }
        if record.next != 0 { facts[record.next].previous = record.previous }
        if isBundle { bundles.release(record.value) } else { release(value: record.value) }
        factTable.remove(StableHash.ids(record.place, record.value), id)
        facts.remove(id)
        drop(row: record.row)
    }

    func retain(fact id: UInt32) {
        guard facts[id].count.add() else { return }
        transition(fact: id, 1)
    }

    func release(fact id: UInt32) {
        guard facts[id].count.drop() else { return }
        if facts[id].count.list() { unusedFacts.append(id) }
        transition(fact: id, -1)
    }

    private func transition(fact id: UInt32, _ sign: Int32) {
        let record = facts[id]
        if record.column == Fact.bundle {
            if Bundle.declares(bundles.words(record.value)) {
                rows[record.row].declared = UInt32(Int(rows[record.row].declared) + Int(sign))
            }
            log(record.place, record.value, sign)
            touched(bundlesOf: record.row)
        } else {
            let column = findColumn(record.place)
            if column != 0 && shows(column, value: record.value) { return }
            log(record.place, record.value, sign)
        }
    }

    // MARK: tokens

    func retain(token: UInt32) {
        let id = token & Token.id
        switch token & ~Token.id {
        case Token.fact: retain(fact: id)
        case Token.projection: if projections[id].count.add() { attach(id) }
        case Token.group: _ = groups[id].count.add()
        default: _ = allocations[id].count.add()
        }
    }

    func release(token: UInt32) {
        let id = token & Token.id
        switch token & ~Token.id {
        case Token.fact: release(fact: id)
        case Token.projection:
            guard projections[id].count.drop() else { return }
            detach(id)
            if projections[id].count.list() { unusedProjections.append(id) }
        case Token.group: dropGroup(id)
        default:
            if allocations[id].count.drop() { listIfUnused(allocation: id) }
        }
    }
}
