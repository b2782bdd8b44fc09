/// An object without its type.
class Body {
    var id: ObjectID { fatalError("abstract") }
    var labels: [String: String] { fatalError("abstract") }
    var object: any Kind { fatalError("abstract") }
    func equals(_ other: Body) -> Bool { fatalError("abstract") }
}

final class TypedBody<K: Kind>: Body {
    let value: K

    init(_ value: K) { self.value = value }

    override var id: ObjectID { value.id }
    override var labels: [String: String] { value.labels }
    override var object: any Kind { value }
    override func equals(_ other: Body) -> Bool { value == other.typed(K.self) }
}

extension Body {
    /// The typed value. Sound because slots of a kind hold bodies of the one type registered for it.
    @inline(__always)
    func typed<K: Kind>(_: K.Type) -> K {
        assert(self is TypedBody<K>)
        return unsafeDowncast(self, to: TypedBody<K>.self).value
    }
}

/// A handler without its type.
class Handler {
    func run(_ body: Body, _ cell: inout Cell) throws(Rejection) { fatalError("abstract") }
    /// Whether running the other one would give the same; closures cannot be compared.
    func equals(_ other: Handler) -> Bool { false }
}

final class ClosureHandler<K: Kind>: Handler {
    private let body: @Sendable (K, inout Cell) throws(Rejection) -> Void

    init(_ body: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Void) { self.body = body }

    override func run(_ object: Body, _ cell: inout Cell) throws(Rejection) { try body(object.typed(K.self), &cell) }
}

final class ChildHandler<C: Child>: Handler {
    private let child: C

    init(_ child: C) { self.child = child }

    override func run(_ object: Body, _ cell: inout Cell) throws(Rejection) {
        try child.run(object.typed(C.Object.self), &cell)
    }

    override func equals(_ other: Handler) -> Bool { (other as? ChildHandler<C>)?.child == child }
}

/// What the engine knows about a kind.
final class KindInfo {
    let id: UInt32
    let name: String
    let lowercased: String
    let hash: UInt64
    let type: ObjectIdentifier
    let terms: [(name: String, holds: (Body) -> Bool)]
    /// Sorted.
    var spaces = Vec()
    var roots: [UInt32] = []
    var facets: [UInt32] = []
    /// Feeds that bring it.
    var feeds: [String] = []
    /// Wakes cells that asked whether the kind is complete.
    let signal: UInt32
    var isComplete = true
    /// Modules that publish it.
    var publishers: [Int] = []
    /// The distance from what feeds bring.
    var stratum = 0
    var objects = 0

    init<K: Kind>(_: K.Type, id: UInt32, signal: UInt32) {
        self.id = id
        name = K.kind
        lowercased = K.kind.lowercased()
        hash = StableHash.text(K.kind)
        type = ObjectIdentifier(K.self)
        terms = K.terms.map { term in (term.name, { term.holds($0.typed(K.self)) }) }
        self.signal = signal
    }
}

/// What the engine knows about a facet: how to evaluate it, and its values per object.
final class FacetInfo {
    let id: UInt32
    let kind: UInt32
    let evaluate: (Body, (Value) -> Void) -> Void
    /// Sorted value ids by slot.
    let values = Lists()
    var projections = 0

    init<F: Facet>(_: F.Type, id: UInt32, kind: UInt32) {
        self.id = id
        self.kind = kind
        evaluate = { body, emit in
            for element in F.values(of: body.typed(F.Object.self)) { emit(element.value) }
        }
    }

    deinit { values.destroy() }
}

/// What the engine knows about a table.
final class TableInfo {
    let id: UInt32
    let table: Table
    let columns: [Table.Column]
    /// By column: its number among the set columns, or 31.
    let ordinal: [UInt32]
    /// By number of set column: its position among all.
    let position: [Int]
    let plane: Int
    /// Its place among all tables, sorted.
    var rank = 0

    init(_ table: Table, id: UInt32, plane: Int) {
        self.id = id
        self.table = table
        self.plane = plane
        columns = table.columns
        position = columns.indices.filter { table.columns[$0].shape == .set }
        precondition(columns.count <= 64 && position.count <= 31, "\(table) has more than 64 columns or 31 set columns")
        var ordinal = [UInt32](repeating: 31, count: columns.count)
        for (number, column) in position.enumerated() { ordinal[column] = UInt32(number) }
        self.ordinal = ordinal
    }
}
