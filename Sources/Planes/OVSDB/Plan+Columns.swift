import Core
import OVSDB

extension Atom {
    /// A value that is no reference, in the type that the column has.
    init?(_ value: Value, _ base: ColumnType.Base) {
        switch (value, base) {
        case (.integer(let number), .real): self = .real(Double(number))
        case (.integer(let number), _): self = .integer(number)
        case (.real(let number), _): self = .real(number)
        case (.boolean(let flag), _): self = .boolean(flag)
        case (.string(let text), _): self.init(text, base)
        case (.row, _): return nil
        }
    }

    /// The key or value of a map, which our rows carry as text.
    init?(_ text: String, _ base: ColumnType.Base) {
        switch base {
        case .string: self = .string(text)
        case .integer:
            guard let number = Int(text) else { return nil }
            self = .integer(number)
        case .real:
            guard let number = Double(text) else { return nil }
            self = .real(number)
        case .boolean:
            guard let flag = Bool(text) else { return nil }
            self = .boolean(flag)
        case .uuid: return nil
        }
    }
}

extension PlanBuilder {
    /// What a row shall hold in a column. A row whose key is its name need not say its name.
    func wanted(_ id: RowID, _ layout: Layout, _ content: RowContent, _ index: Int) -> RowContent.Column? {
        if let column = content.columns[index] { return column }
        guard desired[id] != nil, layout.identity.count == 1, layout.positions[index] == layout.identity.first else {
            return nil
        }
        return .scalar(.string(id.key))
    }

    mutating func atom(_ value: Value, _ type: ColumnType, by id: RowID) -> Atom? {
        if case .row(let target) = value { return reference(target, by: id) }
        return Atom(value, type.key.base)
    }

    /// An entry of a map; its value may be a reference, carried as the key of the row.
    mutating func entry(_ key: String, _ value: String, _ type: ColumnType, by id: RowID) -> (Atom, Atom)? {
        guard let part = type.value, let key = Atom(key, type.key.base) else { return nil }
        if part.base == .uuid {
            guard let table = part.table.flatMap({ layouts.byName[$0]?.table }),
                let target = reference(RowID(table, value), by: id)
            else { return nil }
            return (key, target)
        }
        return Atom(value, part.base).map { (key, $0) }
    }

    /// The columns of a row that is to be inserted.
    mutating func columns(of id: RowID, _ layout: Layout, _ content: RowContent) -> [(String, Datum)] {
        var columns: [(String, Datum)] = []
        for index in layout.table.columns.indices {
            guard let position = layout.positions[index] else { continue }
            let column = layout.columns[position]
            let datum = datum(id, wanted(id, layout, content, index), column.type, isTag: position == layout.tag)
            if let datum, datum != column.type.initial { columns.append((column.name, datum)) }
        }
        return columns
    }

    /// The whole value of a column; nil when the row says nothing of it, or nothing that can be said now.
    mutating func datum(
        _ id: RowID, _ wanted: RowContent.Column?, _ type: ColumnType, isTag: Bool
    ) -> Datum? {
        if type.value != nil {
            var entries: [Atom: Atom] = isTag ? [.string(tagKey): .string(id.key)] : [:]
            if case .map(let texts)? = wanted {
                for (key, value) in texts {
                    guard let (key, value) = entry(key, value, type, by: id) else { continue }
                    entries[key] = value
                }
            } else if !isTag {
                return nil
            }
            return .map(entries)
        }
        guard let wanted else { return nil }
        var atoms = Set<Atom>()
        for value in wanted.values { if let atom = atom(value, type, by: id) { atoms.insert(atom) } }
        if type.isScalar { return atoms.first.map(Datum.scalar) }
        return .set(atoms)
    }
}

extension RowContent.Column {
    /// The value or the members; none of a map.
    var values: [Value] {
        switch self {
        case .scalar(let value): [value]
        case .set(let members): members.sorted()
        case .map: []
        }
    }
}
