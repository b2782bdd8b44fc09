/// What cells contribute.
extension Engine {
    // MARK: keys

    private func key(_ key: RowKey) -> String {
        switch key {
        case .fixed(let text): return text
        case .group(let name, let local): return local.isEmpty ? name.description : "\(name)/\(local)"
        case .own(let local):
            if run.ownKey.isEmpty { run.ownKey = Self.key(of: identity(ofSlot: run.slot)) }
            return local.isEmpty ? run.ownKey : "\(run.ownKey)/\(local)"
        case .of(let id, let local):
            let own = Self.key(of: id)
            return local.isEmpty ? own : "\(own)/\(local)"
        }
    }

    /// `networkpolicy/shop/db`, or `node/n1`.
    static func key(of id: ObjectID) -> String {
        let kind = id.kind.lowercased()
        return id.namespace.isEmpty ? "\(kind)/\(id.name)" : "\(kind)/\(id.namespace)/\(id.name)"
    }

    // MARK: rows

    /// Adds the tokens of a row: one bundle of its scalars and map entries, and a fact for each member of its sets.
    func contribute<R: Row>(_ row: R, declares: Bool) -> (row: UInt32, id: RowID) {
        let info = tableInfo(R.table)
        let text = key(row.key)
        let rowID = self.row(info, text)
        let claim = modules[run.module].claims[info.id]
        if declares && claim?.rows != true {
            fault("makes rows of \(info.table), which the manifest of \(modules[run.module].name) does not claim")
        }
        var writer = ColumnWriter()
        row.encode(into: &writer)
        var entries: [Bundle.Entry] = []
        for (column, content) in writer.columns {
            if !declares { check(write: info, column) }
            encode(content, info, column, rowID, &entries)
        }
        if entries.count > 1 { entries.sort { $0.place < $1.place } }
        if declares || !entries.isEmpty {
            scratch.tokens.append(
                Token.fact | fact(rowID << 5 | Fact.bundle, bundle(entries, declares: declares)))
        }
        return (rowID, RowID(info.table, text))
    }

    private func encode(
        _ content: ColumnWriter.Content, _ info: TableInfo, _ column: Int, _ row: UInt32,
        _ entries: inout [Bundle.Entry]
    ) {
        guard info.columns.indices.contains(column) else {
            return fault("writes column \(column) of \(info.table), which has \(info.columns.count)")
        }
        switch (content, info.columns[column].shape) {
        case (.scalar(let value), .scalar):
            entries.append(Bundle.Entry(column: UInt32(column), key: 0, value: self.value(value)))
        case (.map(let map), .map):
            for (key, text) in map {
                entries.append(Bundle.Entry(column: UInt32(column), key: value(key), value: value(text)))
            }
        case (.set(let list), .set):
            for element in list {
                scratch.tokens.append(Token.fact | fact(row << 5 | info.ordinal[column], value(element)))
            }
        default: fault("writes column \(info.columns[column].name) of \(info.table) as if it had another shape")
        }
    }

    private func check(write info: TableInfo, _ column: Int) {
        let module = modules[run.module]
        let claim = module.claims[info.id]
        if claim?.rows == true || (claim?.columns ?? 0) & (1 << UInt64(column)) != 0 { return }
        fault(
            "writes column \(info.columns[column].name) of \(info.table), which the manifest of \(module.name) does not claim"
        )
    }

    private func setPlace(_ row: RowID, _ column: Int) -> UInt32? {
        let info = tableInfo(row.table)
        guard info.columns.indices.contains(column), info.columns[column].shape == .set else {
            fault("adds members to column \(column) of \(info.table), which is not a set")
            return nil
        }
        check(write: info, column)
        return self.row(info, row.key) << 5 | info.ordinal[column]
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
        let row = self.row(info, column.row.key)
        let entry = Bundle.Entry(column: UInt32(column.index), key: value(key), value: value(text))
        scratch.tokens.append(Token.fact | fact(row << 5 | Fact.bundle, bundle([entry], declares: false)))
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
        let module = modules[run.module]
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
