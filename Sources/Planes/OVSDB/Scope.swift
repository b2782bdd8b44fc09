import Core
import OVSDB

/// What of a row has to be compared with the server, and why.
struct Scope {
    struct Causes: OptionSet {
        let rawValue: Int
        /// The desired row changed.
        static let delta = Causes(rawValue: 1)
        /// The server's row changed.
        static let news = Causes(rawValue: 2)
        /// Something that the row refers to, or the whole, changed.
        static let follow = Causes(rawValue: 4)
    }

    /// What of a column has to be compared.
    struct Part {
        var isWhole = false
        var values: Set<Value> = []
        var atoms: Set<Atom> = []
        var keys: Set<String> = []
    }

    var causes: Causes
    var isWhole = false
    var parts: [Int: Part] = [:]
    /// What we no longer say of columns in which others have a say too.
    var withdrawn: [Int: Part] = [:]

    static func whole(_ causes: Causes) -> Scope { Scope(causes: causes, isWhole: true) }

    mutating func merge(_ other: Scope) {
        causes.formUnion(other.causes)
        isWhole = isWhole || other.isWhole
        parts.merge(other.parts) { $0.merged($1) }
        withdrawn.merge(other.withdrawn) { $0.merged($1) }
    }

    /// Adds what a desired row's change touches.
    mutating func add(_ change: ColumnChange, _ hold: Table.Hold) {
        var part = Part()
        var gone = Part()
        switch change.what {
        case .scalar(let value):
            part.isWhole = true
            gone.isWhole = value == nil
        case .set(let added, let removed):
            part.values = Set(added).union(removed)
            gone.values = Set(removed)
        case .map(let set, let removed):
            part.keys = Set(set.keys).union(removed)
            gone.keys = Set(removed)
        }
        parts[change.column] = (parts[change.column] ?? Part()).merged(part)
        if hold == .shared { withdrawn[change.column] = (withdrawn[change.column] ?? Part()).merged(gone) }
    }

    /// Adds everything that a row said which is not desired any more.
    mutating func withdraw(_ content: RowContent) {
        for (index, column) in content.columns {
            var part = Part()
            switch column {
            case .scalar: part.isWhole = true
            case .set(let members): part.values = members
            case .map(let entries): part.keys = Set(entries.keys)
            }
            withdrawn[index] = (withdrawn[index] ?? Part()).merged(part)
            parts[index] = (parts[index] ?? Part()).merged(part)
        }
    }
}

extension Scope.Part {
    func merged(_ other: Scope.Part) -> Scope.Part {
        Scope.Part(
            isWhole: isWhole || other.isWhole, values: values.union(other.values), atoms: atoms.union(other.atoms),
            keys: keys.union(other.keys))
    }
}
