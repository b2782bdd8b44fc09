public import Core

/// Modules with an engine of their own: give it objects, look at rows.
///
/// After every step the whole table is compared with that of a fresh engine that gets all objects at once; a
/// difference is a `BrokenLaw`. Objects of derived kinds can be applied like any other, in place of their publisher.
public class Harness {
    public let engine: Engine
    private let makeEngine: () throws -> Engine
    /// What was applied and not removed, in order.
    public private(set) var applied: [any Kind] = []
    /// Whether each step is compared with a fresh engine.
    public var isValidating = true
    private(set) var deltas: [Delta] = []

    init(_ makeEngine: @escaping () throws -> Engine) throws {
        self.makeEngine = makeEngine
        engine = try makeEngine()
        run()
    }

    // MARK: steps

    /// Applies objects, new or changed, and runs until all is at rest.
    public func apply(_ objects: any Kind...) throws { try apply(objects) }

    public func apply(_ objects: [any Kind]) throws {
        for object in objects {
            if let place = applied.firstIndex(where: { $0.id == object.id }) {
                applied[place] = object
            } else {
                applied.append(object)
            }
        }
        engine.apply(.changes(feed: "harness", objects.map { .put($0) }, lane: .bulk))
        run()
        try validate("applying \(objects.map(\.id.description).joined(separator: ", "))")
    }

    public func remove(_ objects: any Kind...) throws { try remove(objects.map(\.id)) }

    public func remove(_ ids: [ObjectID]) throws {
        applied.removeAll { ids.contains($0.id) }
        engine.apply(.changes(feed: "harness", ids.map { .remove($0) }, lane: .bulk))
        run()
        try validate("removing \(ids.map(\.description).joined(separator: ", "))")
    }

    /// Runs turns until nothing waits.
    @discardableResult
    public func run() -> [Delta] {
        deltas = []
        repeat { deltas += engine.turn().deltas } while engine.hasWork
        return deltas
    }

    // MARK: looks

    /// The rows of a table, sorted by key.
    public func rows<R: Row>(_: R.Type) -> [TableRow] { rows(R.table) }

    public func rows(_ table: Table) -> [TableRow] {
        engine.rows(plane: table.plane, table: table.name).map(row)
    }

    /// The row with this key, or nil.
    public func row<R: Row>(_: R.Type, _ key: String) -> TableRow? {
        engine.contents(of: RowID(R.table, key)).map { TableRow(id: RowID(R.table, key), content: $0) }
    }

    /// All rows, sorted.
    public var rows: [TableRow] { engine.rows().map(row) }

    private func row(_ id: RowID) -> TableRow { TableRow(id: id, content: engine.contents(of: id) ?? RowContent()) }

    /// The members of a set column as sorted text; also of a row that nobody declares.
    public func members<E: ColumnElement>(_ column: SetColumn<E>) -> [String] {
        guard column.row.table.columns.indices.contains(column.index) else { return [] }
        return engine.members(of: column.row, column: column.index).map {
            if case .row(let row) = $0 { row.key } else { $0.description }
        }.sorted()
    }

    /// The whole table as text.
    public var text: String { rows.map(\.description).joined(separator: "\n") }

    public var problems: [Problem] { engine.problems() }

    /// Derived objects and those that were applied.
    public func object<K: Kind>(_: K.Type, _ namespace: String, _ name: String) -> K? {
        engine.object(K.self, namespace, name)
    }

    public func objects<K: Kind>(_: K.Type) -> [K] { engine.objects(kind: K.kind).compactMap { $0 as? K } }

    /// What the modules say of an object; nil when none says anything.
    public func description(of id: ObjectID) -> Description? { engine.descriptions(of: id).first?.description }

    // MARK: laws

    /// A fresh engine with the same modules that got the objects at once.
    func fresh(_ objects: [any Kind], slice: Int = .max) throws -> Engine {
        let other = try makeEngine()
        other.recordedAllocations = engine.heldAllocations()
        other.slice = slice
        other.apply(.changes(feed: "harness", objects.map { .put($0) }, lane: .bulk))
        repeat { _ = other.turn() } while other.hasWork
        return other
    }

    /// Incremental equals recomputed. Says nothing while a cell keeps rows that its objects no longer give.
    private func validate(_ step: String) throws {
        guard isValidating else { return }
        let keeping: Set<Problem.What> = [.rejected, .quarantined, .fault]
        if problems.contains(where: { keeping.contains($0.what) }) { return }
        let expected = Self.text(of: try fresh(applied))
        guard expected != text else { return }
        throw BrokenLaw(
            "after \(step), the rows are not those of a fresh start (- fresh, + here)", difference(expected, text))
    }

    static func text(of engine: Engine) -> String {
        engine.rows().map { TableRow(id: $0, content: engine.contents(of: $0) ?? RowContent()).description }
            .joined(separator: "\n")
    }
}

/// Modules as a node's daemon runs them.
public final class NodeHarness: Harness {
    public init<M: NodeModule>(_: M.Type) throws {
        try super.init {
            let engine = Engine(scope: .node)
            try engine.enable(M())
            return engine
        }
    }

    /// Several modules, in their order.
    public init(_ modules: [any NodeModule]) throws {
        try super.init {
            let engine = Engine(scope: .node)
            for module in modules { try engine.enable(module) }
            return engine
        }
    }
}

/// Modules as the cluster manager runs them.
public final class ClusterHarness: Harness {
    public init<M: ClusterModule>(_: M.Type) throws {
        try super.init {
            let engine = Engine(scope: .cluster)
            try engine.enable(M())
            return engine
        }
    }

    public init(_ modules: [any ClusterModule]) throws {
        try super.init {
            let engine = Engine(scope: .cluster)
            for module in modules { try engine.enable(module) }
            return engine
        }
    }
}
