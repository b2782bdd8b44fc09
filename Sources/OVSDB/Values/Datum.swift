/// One value in a column.
public enum Atom: Hashable, Sendable {
    case integer(Int)
    case real(Double)
    case boolean(Bool)
    case string(String)
    case uuid(RowUUID)
    /// A row that the same transaction inserts; only in what is sent.
    case named(String)

    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var number: Int? { if case .integer(let number) = self { number } else { nil } }
    public var flag: Bool? { if case .boolean(let flag) = self { flag } else { nil } }
    public var reference: RowUUID? { if case .uuid(let uuid) = self { uuid } else { nil } }
}

/// What stands in a column of a row: exactly one value, or any number of them, or entries.
///
/// The shape follows the column's type, not the spelling on the wire: an optional is a set of none or one.
public enum Datum: Hashable, Sendable {
    case scalar(Atom)
    case set(Set<Atom>)
    case map([Atom: Atom])

    /// The value of a scalar, or the only member of a set.
    public var single: Atom? {
        switch self {
        case .scalar(let atom): atom
        case .set(let members): members.count == 1 ? members.first : nil
        case .map: nil
        }
    }

    public var members: Set<Atom> {
        switch self {
        case .scalar(let atom): [atom]
        case .set(let members): members
        case .map: []
        }
    }

    /// The entries of a map of strings.
    public var texts: [String: String] {
        guard case .map(let entries) = self else { return [:] }
        var texts: [String: String] = [:]
        for (key, value) in entries {
            if let key = key.text, let value = value.text { texts[key] = value }
        }
        return texts
    }

    /// The value of one key in a map of strings.
    public func text(of key: String) -> String? {
        if case .map(let entries) = self { entries[.string(key)]?.text } else { nil }
    }
}

extension JSONWriter {
    mutating func atom(_ atom: Atom) {
        switch atom {
        case .integer(let value): integer(value)
        case .real(let value): real(value)
        case .boolean(let value): value ? raw("true") : raw("false")
        case .string(let value): string(value)
        case .uuid(let value):
            raw("[\"uuid\",\"")
            raw(Array(value.description.utf8))
            raw("\"]")
        case .named(let value):
            raw("[\"named-uuid\",")
            string(value)
            raw("]")
        }
    }

    mutating func set(_ atoms: some Sequence<Atom>) {
        raw("[\"set\",")
        list(atoms) { $1.atom($0) }
        raw("]")
    }

    mutating func map(_ entries: [Atom: Atom]) {
        raw("[\"map\",")
        list(entries) { entry, writer in
            writer.raw("[")
            writer.atom(entry.key)
            writer.raw(",")
            writer.atom(entry.value)
            writer.raw("]")
        }
        raw("]")
    }

    mutating func datum(_ datum: Datum) {
        switch datum {
        case .scalar(let atom): self.atom(atom)
        case .set(let members): set(members)
        case .map(let entries): map(entries)
        }
    }
}
