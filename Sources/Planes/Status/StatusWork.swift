import Core
import Model

/// What a running status plane knows and does. One thread's own.
struct StatusWork {
    private let store: any StatusStore
    private let report: @Sendable (PlaneReport) -> Void
    private var desired = DesiredTable()
    private var isLoaded = false
    /// A turn that is not confirmed yet.
    private var turn: UInt64?
    /// Objects whose rows have changed since the last settling.
    private var pending: Set<ObjectID> = []
    private var haveWritersChanged = false
    private var refused: [RowID: String] = [:]
    private var reported: [RowID: String] = [:]
    /// Something failed for a reason that may pass: it is to be tried again.
    private(set) var hasFailed = false

    init(_ store: any StatusStore, _ report: @escaping @Sendable (PlaneReport) -> Void) {
        self.store = store
        self.report = report
    }

    mutating func take(_ delta: Delta) {
        desired.apply(delta)
        turn = delta.turn
        for change in delta.rows {
            refused[change.row] = nil
            if change.row.table == StatusWriters.table {
                haveWritersChanged = true
            } else if let object = ObjectID(statusKey: change.row.key) {
                pending.insert(object)
            } else if change.what != .deleted {
                refused[change.row] = "\(change.row.key) is not the name of an object"
            }
        }
    }

    /// Looks at everything in the next settling.
    mutating func startOver() { isLoaded = false }

    /// Brings the store to what is desired, and tells. Returns the rows that had to be written; nil when it cannot say.
    @discardableResult
    mutating func settle() -> [RowID]? {
        guard desired.turn != nil else { return nil }
        hasFailed = false
        var written: [RowID] = []
        do {
            if isLoaded { try repair() } else { try load() }
            let objects = pending.sorted()
            pending = []
            for object in objects where write(object) { written.append(row(of: object)) }
            if haveWritersChanged { try forgetOthers() }
        } catch {
            hasFailed = true
            for row in desired.rows.keys { refused[row] = "\(error)" }
            pending.formUnion(wantedObjects)
        }
        if refused != reported {
            reported = refused
            report(.refused(plane: PlaneName.status, rows: refused))
        }
        if let turn {
            report(.confirmed(plane: PlaneName.status, turn: turn))
            self.turn = nil
        }
        return hasFailed ? nil : written
    }

    private var wantedObjects: Set<ObjectID> { Set(desired.rows.keys.compactMap { ObjectID(statusKey: $0.key) }) }

    /// At start everything there is, is compared with what is desired.
    private mutating func load() throws {
        _ = try store.touched()
        pending = try store.objects().union(wantedObjects)
        haveWritersChanged = true
        isLoaded = true
    }

    private mutating func forgetOthers() throws {
        for row in desired.rows.keys where row.table == StatusWriters.table {
            var names: Set<String> = []
            if case .set(let members)? = desired[row]?.columns[0] {
                for case .string(let name) in members { names.insert(name) }
            }
            try store.forgetAll(but: names, about: row.key)
        }
        haveWritersChanged = false
    }

    /// Puts right what somebody else has touched.
    private mutating func repair() throws {
        let objects: Set<ObjectID> =
            switch try store.touched() {
            case .objects(let touched): touched
            case .everything: try store.objects().union(wantedObjects)
            }
        var repaired: [RowID] = []
        for object in objects.subtracting(pending).sorted() where write(object) {
            repaired.append(row(of: object))
        }
        if !repaired.isEmpty { report(.repaired(plane: PlaneName.status, rows: repaired)) }
    }

    private func row(of object: ObjectID) -> RowID { RowID(ObjectStatus.table, object.description) }

    /// Writes what is desired about an object unless it is there; returns whether anything was written.
    @discardableResult
    private mutating func write(_ object: ObjectID) -> Bool {
        let row = row(of: object)
        do {
            let status = try desired[row].map { content throws(MalformedStatus) in try ObjectOverlay(content) }
            // A row without content says nothing.
            let wanted = status.flatMap { $0.isEmpty ? nil : $0 }
            let isThere = try store.holds(wanted, of: object)
            if !isThere { try store.save(wanted, of: object) }
            refused[row] = nil
            return !isThere
        } catch let error as MalformedStatus {
            // What was there stays.
            refused[row] = error.description
        } catch {
            refused[row] = "\(error)"
            hasFailed = true
            pending.insert(object)
        }
        return false
    }
}
