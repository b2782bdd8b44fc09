/// A set of objects: all of one kind in a scope that match a selector and terms. Kept once, however many use it.
public struct Group<K: Kind>: Hashable, Sendable {
    public let name: GroupName
    public init(name: GroupName) { self.name = name }
}

/// A child cell as a value: the engine keeps a child without running it when it is equal to the one before.
public protocol Child: Sendable, Equatable {
    associatedtype Object: Kind
    func run(_ object: Object, _ cell: inout Cell) throws(Rejection)
}

/// What a handler reads and writes through. Each read is recorded: when something it read changes, the handler runs
/// again, and its new contributions replace the old ones at once.
///
/// Not copyable, and only lent to a handler: it cannot outlive the run, so the engine behind it is not counted.
public struct Cell: ~Copyable {
    private unowned(unsafe) let engine: Engine

    init(engine: Engine) { self.engine = engine }

    /// One object, or nil when there is none; both are recorded.
    public mutating func get<K: Kind>(_: K.Type, _ namespace: String = "", _ name: String) -> K? {
        engine.read(K.self, namespace, name)
    }

    /// One object of a kind without namespaces, or nil when there is none; both are recorded.
    public mutating func get<K: Kind>(_: K.Type, _ name: String) -> K? { engine.read(K.self, "", name) }

    /// The set of objects that match.
    public mutating func group<K: Kind>(
        of: K.Type, in scope: Scope = .everywhere, matching selector: LabelSelector = .everything, only: [Term<K>] = []
    ) -> Group<K> {
        Group(name: GroupName(hash: engine.use(groupOf: K.self, scope, selector, only)))
    }

    /// Whether a group has members; wakes the cell between none and some only.
    public mutating func any<K: Kind>(_ group: Group<K>) -> Bool { engine.readEmptiness(group.name) }

    /// The members, sorted by identity; wakes the cell at each change of one. For small groups.
    public mutating func list<K: Kind>(_ group: Group<K>) -> [K] { engine.readMembers(K.self, group.name) }

    /// Contributes a row.
    @discardableResult
    public mutating func add<R: Row>(_ row: R) -> RowRef<R> { RowRef(engine.contribute(row, declares: true).id) }

    /// Contributes a row and makes it a member of a column of another row.
    @discardableResult
    public mutating func add<R: Row>(_ row: R, to column: SetColumn<RowRef<R>>) -> RowRef<R> {
        let added = engine.contribute(row, declares: true)
        engine.contribute(member: engine.value(row: added.row), column.row, column.index)
        return RowRef(added.id)
    }

    /// Contributes one member of a set column.
    public mutating func add<E: ColumnElement>(_ value: E, to column: SetColumn<E>) {
        engine.contribute(member: engine.value(value.value), column.row, column.index)
    }

    /// Contributes one entry of a map column.
    public mutating func set(_ key: String, to value: String, in column: MapColumn) {
        engine.contribute(entry: key, value, column)
    }

    /// Contributes columns of a row that somebody else declares; alone it does not make the row exist.
    public mutating func amend<R: Row>(_ row: R) { _ = engine.contribute(row, declares: false) }

    /// Lets a set column show a facet of the members of a group, whoever they are.
    public mutating func fill<F: Facet>(
        _ column: SetColumn<F.Element>, from group: Group<F.Object>, _ facet: F.Type
    ) {
        engine.contribute(column.row, column.index, group.name, facet)
    }

    /// Runs a child cell for each member.
    public mutating func each<K: Kind>(
        _ group: Group<K>, _ run: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Void
    ) {
        engine.contribute(childrenOf: K.self, group.name, ClosureHandler(run))
    }

    /// Runs a child cell for each member; the children of an equal `run` are kept as they are.
    public mutating func each<C: Child>(_ group: Group<C.Object>, run: C) {
        engine.contribute(childrenOf: C.Object.self, group.name, ChildHandler(run))
    }

    /// Publishes a derived object, which others handle like any other.
    public mutating func publish<K: Kind>(_ object: K) { engine.contribute(object: object) }

    /// Holds a value of a pool while the cell asks for it.
    ///
    /// Nil while it is not served yet: the cell runs again when it is. A hint that another key holds is not honoured.
    /// Throws `PoolExhausted`.
    public mutating func allocate(
        from pool: Pool, for key: String, preferring hint: Int? = nil
    ) throws(Rejection) -> Int? {
        try engine.hold(pool, key, hint)
    }

    /// Holds this value of a pool for a key, or none; runs again when it is given, and when another key takes it.
    public mutating func claim(_ value: Int, of pool: Pool, for key: String) -> Pool.Claim {
        engine.claim(pool, key, value)
    }

    /// Says what is wrong with a part of the object, and goes on: the rest of what the cell contributes is in force.
    ///
    /// For objects of which a part must count even when another is spoilt, such as a policy that isolates. Where
    /// nothing may change, throw the `Rejection`.
    public mutating func report(_ rejection: Rejection) { engine.remark(rejection) }

    /// Whether the feeds of a kind, or what its publisher reads, have listed.
    public mutating func isComplete<K: Kind>(_: K.Type) -> Bool { engine.readCompleteness(K.self) }
}

/// Where the modules of a node register their handlers.
public struct NodeScope {
    let registration: Registration

    /// Runs the handler as one cell per object of the kind.
    public mutating func each<K: Kind>(
        _: K.Type, _ handler: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Void
    ) {
        registration.each(handler)
    }

    /// Says how an object of the kind stands, when somebody asks. It reads as a handler does; what it contributes is
    /// dropped.
    public mutating func describe<K: Kind>(
        _: K.Type, _ handler: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Description
    ) {
        registration.describe(handler)
    }
}

/// Where the modules of the cluster manager register their handlers.
public struct ClusterScope {
    let registration: Registration

    /// Runs the handler as one cell per object of the kind.
    public mutating func each<K: Kind>(
        _: K.Type, _ handler: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Void
    ) {
        registration.each(handler)
    }

    /// Says how an object of the kind stands, when somebody asks. It reads as a handler does; what it contributes is
    /// dropped.
    public mutating func describe<K: Kind>(
        _: K.Type, _ handler: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Description
    ) {
        registration.describe(handler)
    }
}
