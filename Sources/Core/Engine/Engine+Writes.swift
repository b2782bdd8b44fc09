/// What cells contribute.
extension Engine {
    // MARK: keys

    /// The row that a key names, and its text.
    private func name(_ table: TableInfo, _ key: RowKey) -> (row: UInt32, key: String) {
        if case .fixed(let text) = key { return (row(table, recent: text), text) }
        let bytes = scratch.bytes
        bytes.removeAll()
        switch key {
        case .fixed: break
        case .group(let name, let local): name.write(to: bytes, local)
        case .own(let local):
            let space = spaces[slots[run.slot].space]
            bytes.append(text: kinds[Int(space.kind)].lowercased)
            if !atoms.bytes(space.namespace).isEmpty {
                bytes.append(UInt8(ascii: "/"))
                bytes.append(bytes: atoms.bytes(space.namespace))
            }
            bytes.append(UInt8(ascii: "/"))
            bytes.append(bytes: atoms.bytes(slots[run.slot].name))
            bytes.append(local: local)
        case .of(let id, let local):
            bytes.append(text: kindByName[id.kind]?.lowercased ?? id.kind.lowercased())
            bytes.append(local: id.namespace)
            bytes.append(local: id.name)
            bytes.append(local: local)
        }
        let text = String(decoding: bytes.bytes, as: UTF8.self)
        let row = row(table, bytes.bytes)
        remember(row)
        return (row, text)
    }

    private func remember(_ row: UInt32) {
        let recent = scratch.recent
        if recent.count < 4 { return recent.append(row) }
        for i in 1..<4 { recent[i - 1] = recent[i] }
        recent[3] = row
    }

    private func row(_ table: TableInfo, recent key: String) -> UInt32 {
        var key = key
        return key.withUTF8 { text in
            let bytes = UnsafeRawBufferPointer(text)
            let recent = scratch.recent
            for i in 0..<recent.count where rows[recent[i]].table == table.id {
                if self.key(ofRow: recent[i]).equals(bytes) { return recent[i] }
            }
            let row = row(table, bytes)
            remember(row)
            return row
        }
    }

    // MARK: rows

    /// Adds the tokens of a row: one bundle of its scalars and map entries, and a fact for each member of its sets.
    func contribute<R: Row>(_ row: R, declares: Bool) -> (row: UInt32, id: RowID) {
        let info = tableInfo(R.table)
        let (id, text) = name(info, row.key)
        if declares && !run.module.mayMake(info.id) {
            fault("makes rows of \(info.table), which the manifest of \(run.module.name) does not claim")
        }
        var writer = run.writer
        run.writer = ColumnWriter()
        row.encode(into: &writer)
        scratch.entries.removeAll()
        for (column, content) in writer.columns {
            if !declares { check(write: info, column) }
            encode(content, info, column, id)
        }
        writer.removeAll()
        run.writer = writer
        if declares || !scratch.entries.isEmpty {
            scratch.tokens.append(Token.fact | fact(id << 5 | Fact.bundle, bundle(declares: declares)))
        }
        return (id, RowID(info.table, text))
    }

    private func encode(_ content: ColumnWriter.Content, _ info: TableInfo, _ column: Int, _ row: UInt32) {
        guard info.columns.indices.contains(column) else {
            return fault("writes column \(column) of \(info.table), which has \(info.columns.count)")
        }
        switch (content, info.columns[column].shape) {
        case (.scalar(let value), .scalar):
            scratch.entries.append(Bundle.Entry(column: UInt32(column), key: 0, value: self.value(value)))
        case (.map(let map), .map):
            for (key, text) in map {
                let key = value(key)
                scratch.entries.append(Bundle.Entry(column: UInt32(column), key: key, value: value(text)))
            }
        case (.set(let list), .set):
            for element in list {
                scratch.tokens.append(Token.fact | fact(row << 5 | info.ordinal[column], value(element)))
            }
        default: fault("writes column \(info.columns[column].name) of \(info.table) as if it had another shape")
        }
    }

    private func check(write info: TableInfo, _ column: Int) {
        if info.columns.indices.contains(column) && run.module.mayWrite(info.id, column) { return }
        let name = info.columns.indices.contains(column) ? info.columns[column].name : "\(column)"
        fault("writes column \(name) of \(info.table), which the manifest of \(run.module.name) does not claim")
    }

    private func setPlace(_ row: RowID, _ column: Int) -> UInt32? {
        let info = tableInfo(row.table)
        guard info.columns.indices.contains(column), info.columns[column].shape == .set else {
            fault("adds members to column \(column) of \(info.table), which is not a set")
            return nil
        }
        check(write: info, column)
        return self.row(info, recent: row.key) << 5 | info.ordinal[column]
    }

    func contribute(member value: UInt32, _ row: RowID, _ column: Int) {
        guard let place = setPlace(row, column) else { return }
        scratch.tokens.append(Token.fact | fact(place, value))
    }

    func contribute(entry key: String, _ text: String, _ column: MapColumn) {
        let info = tableInfo(column.row.table)
        guard info.columns.indices.contains(column.index), info.columns[column.index].shape == .map else {
            return fault("sets an entry of column \(column.index) of \(info.table), which is not a map")
        }
        check(write: info, column.index)
        let row = self.row(info, recent: column.row.key)
        let key = value(key)
        scratch.entries.removeAll()
        scratch.entries.append(Bundle.Entry(column: UInt32(column.index), key: key, value: value(text)))
        scratch.tokens.append(Token.fact | fact(row << 5 | Fact.bundle, bundle(declares: false)))
    }

    // MARK: groups

    func contribute<F: Facet>(_ row: RowID, _ column: Int, _ name: GroupName, _: F.Type) {
        let group = use(name)
        guard group != 0, let place = setPlace(row, column) else { return }
        let facet = facet(F.self)
        guard groups[group].kind == facet.kind else { return fault("fills from group \(name) a facet of another kind") }
        let column = self.column(place, facet.id)
        guard columns[column].facet == facet.id else {
            return fault("fills a column of \(row) with \(F.self), which another facet fills already")
        }
        scratch.tokens.append(Token.projection | projection(group, column))
    }

    func contribute<K: Kind>(childrenOf: K.Type, _ name: GroupName, _ handler: Handler) {
        let group = use(name)
        guard group != 0 else { return }
        run.children.append((group, kindInfo(K.self).id, handler))
    }

    func contribute<K: Kind>(object: K) {
        let kind = kindInfo(K.self)
        let module = run.module
        guard module.publishes.contains(kind.id) else {
            return fault("publishes \(kind.name), which the manifest of \(module.name) does not list")
        }
        let slot = slot(kind, object.namespace, object.name)
        if let place = run.published.firstIndex(where: { $0.slot == slot }) {
            run.published[place].body = TypedBody(object)
        } else {
            run.published.append((slot, TypedBody(object)))
        }
    }
}

extension Stack where Element == UInt8 {
    /// Appends a slash and the text, or nothing when there is none.
    func append(local: String) {
        if local.isEmpty { return }
        append(UInt8(ascii: "/"))
        append(text: local)
    }
}

extension GroupName {
    func write(to bytes: Stack<UInt8>, _ local: String) {
        bytes.append(text: description)
        bytes.append(local: local)
    }
}
