import Core
import OVSDB

/// One column of one row under comparison.
private struct Comparison {
    let id: RowID
    let column: ColumnSchema
    let isTag: Bool
    let isShared: Bool
    let actual: Datum
    let wanted: RowContent.Column?
    /// Nil compares the whole column.
    let part: Scope.Part?
    let withdrawn: Scope.Part?
}

/// What has to be done to the columns of a row.
struct Edit {
    var columns: [(String, Datum)] = []
    var mutations: [(String, Operation.Mutation)] = []
}

extension PlanBuilder {
    /// Brings a row that is there to where it shall be.
    mutating func edit(
        _ id: RowID, _ layout: Layout, _ uuid: RowUUID, _ row: ReplicaRow, _ content: RowContent, _ scope: Scope
    ) {
        var edit = Edit()
        let isBorrowed = layout.table.ownership == .borrowed
        for index in layout.table.columns.indices where !layout.fixed.contains(index) {
            guard scope.isWhole || scope.parts[index] != nil || scope.withdrawn[index] != nil,
                let position = layout.positions[index]
            else { continue }
            let part = scope.isWhole ? nil : scope.parts[index] ?? Scope.Part()
            compare(
                Comparison(
                    id: id, column: layout.columns[position], isTag: position == layout.tag,
                    isShared: isBorrowed || layout.table.columns[index].hold == .shared,
                    actual: row.columns[position], wanted: wanted(id, layout, content, index),
                    part: part?.isWhole == true ? nil : part, withdrawn: scope.withdrawn[index]),
                &edit)
        }
        for (name, _) in edit.columns { touched[uuid, default: Touch()].whole.insert(name) }
        for case (let name, .deleteMembers(let members)) in edit.mutations {
            touched[uuid, default: Touch()].removed[name, default: []].formUnion(members)
        }
        let table = layout.table.name
        if !edit.columns.isEmpty { edits.append(Plan.Step(row: id, operation: .update(table, uuid, edit.columns))) }
        if !edit.mutations.isEmpty { edits.append(Plan.Step(row: id, operation: .mutate(table, uuid, edit.mutations))) }
    }

    private mutating func compare(_ it: Comparison, _ edit: inout Edit) {
        if it.column.type.value != nil {
            compareMap(it, &edit)
        } else if it.column.type.max == 1 {
            compareValue(it, &edit)
        } else {
            compareSet(it, &edit)
        }
    }

    private mutating func compareValue(_ it: Comparison, _ edit: inout Edit) {
        guard it.wanted != nil else {
            let isOurs = !it.isShared || it.withdrawn?.isWhole == true
            if isOurs, it.actual != it.column.type.initial {
                edit.columns.append((it.column.name, it.column.type.initial))
            }
            return
        }
        // A reference to a row that is not there yet leaves the column as it is.
        guard let datum = datum(it.id, it.wanted, it.column.type, isTag: false), !datum.members.isEmpty else { return }
        if datum != it.actual { edit.columns.append((it.column.name, datum)) }
    }

    private mutating func compareSet(_ it: Comparison, _ edit: inout Edit) {
        let type = it.column.type
        let actual = it.actual.members
        let members: Set<Value> =
            if case .set(let members)? = it.wanted { members } else { Set(it.wanted?.values ?? []) }
        var missing = Set<Atom>()
        var surplus = Set<Atom>()
        if let part = it.part {
            for value in part.values {
                if members.contains(value) {
                    if let atom = atom(value, type, by: it.id), !actual.contains(atom) { missing.insert(atom) }
                } else if !it.isShared, let atom = known(value, type), actual.contains(atom) {
                    surplus.insert(atom)
                }
            }
            for atom in part.atoms {
                let isWanted = value(of: atom, type).map(members.contains) ?? false
                if isWanted, !actual.contains(atom) { missing.insert(atom) }
                if !isWanted, !it.isShared, actual.contains(atom) { surplus.insert(atom) }
            }
        } else {
            var wanted = Set<Atom>()
            for value in members { if let atom = atom(value, type, by: it.id) { wanted.insert(atom) } }
            missing = wanted.subtracting(actual)
            if !it.isShared { surplus = actual.subtracting(wanted) }
            // Mostly different: say it whole.
            if !it.isShared, !(missing.isEmpty && surplus.isEmpty),
                missing.count + surplus.count > wanted.count / 2 || type.max != .max
            {
                edit.columns.append((it.column.name, .set(wanted)))
                return
            }
        }
        for value in it.withdrawn?.values ?? [] where !members.contains(value) {
            if let atom = known(value, type), actual.contains(atom) { surplus.insert(atom) }
        }
        // In this order, since a column that needs a member must not be without one in between.
        if !missing.isEmpty { edit.mutations.append((it.column.name, .insertMembers(missing))) }
        if !surplus.isEmpty { edit.mutations.append((it.column.name, .deleteMembers(surplus))) }
    }

    private mutating func compareMap(_ it: Comparison, _ edit: inout Edit) {
        let type = it.column.type
        guard case .map(let actual) = it.actual else { return }
        var texts: [String: String] = if case .map(let texts)? = it.wanted { texts } else { [:] }
        if it.isTag { texts[tagKey] = it.id.key }
        var keys = it.part?.keys ?? Set(texts.keys)
        if it.isTag { keys.insert(tagKey) }
        for atom in it.part?.atoms ?? [] { if let key = atom.key { keys.insert(key) } }
        var stale = Set((it.withdrawn?.keys ?? []).filter { texts[$0] == nil }.compactMap { Atom($0, type.key.base) })
        if it.part == nil, !it.isShared {
            stale.formUnion(actual.keys.filter { $0.key.map { texts[$0] == nil } ?? true })
        }
        var entries: [Atom: Atom] = [:]
        for key in keys {
            guard let text = texts[key] else {
                if !it.isShared, let atom = Atom(key, type.key.base) { stale.insert(atom) }
                continue
            }
            guard let (key, value) = entry(key, text, type, by: it.id), actual[key] != value else { continue }
            entries[key] = value
        }
        // An insert leaves keys that are there as they are, so they go first.
        let gone = stale.union(entries.keys).filter { actual[$0] != nil }
        if !gone.isEmpty { edit.mutations.append((it.column.name, .deleteKeys(gone))) }
        if !entries.isEmpty { edit.mutations.append((it.column.name, .insertEntries(entries))) }
    }

    /// A value as the server has it; nothing is made for it.
    private func known(_ value: Value, _ type: ColumnType) -> Atom? {
        if case .row(let target) = value { return lookup(target).map(Atom.uuid) }
        return Atom(value, type.key.base)
    }

    /// What a member of a set is in our terms.
    private func value(of atom: Atom, _ type: ColumnType) -> Value? {
        switch atom {
        case .integer(let number): return .integer(number)
        case .real(let number): return .real(number)
        case .boolean(let flag): return .boolean(flag)
        case .string(let text): return .string(text)
        case .named: return nil
        case .uuid(let uuid):
            guard let name = type.key.table, let layout = layouts.byName[name],
                let marks = actual.marks(name, uuid)
            else { return nil }
            if let tag = marks.tag { return .row(RowID(layout.table, tag)) }
            guard let id = marks.identity.map({ RowID(layout.table, $0) }) else { return nil }
            return .row(aliases[id] ?? id)
        }
    }
}

extension Atom {
    /// The key of a map as our rows carry it.
    fileprivate var key: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .uuid, .named: nil
        }
    }
}
