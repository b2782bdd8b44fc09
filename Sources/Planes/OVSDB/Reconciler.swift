import Core
import OVSDB

/// What an OVSDB plane has done since it was made.
public struct OVSDBStatistics: Sendable, Hashable {
    /// Transactions sent that had operations.
    public var transactions = 0
    public var operations = 0
    /// Transactions that the server refused.
    public var refusals = 0
    /// Rows that somebody else had changed and that were put right.
    public var repairs = 0
    public init() {}
}

/// The state of an OVSDB plane: what is desired, what the server has, and what remains to be compared.
///
/// Lives in the one task that runs the plane.
final class Reconciler {
    struct Refusal {
        let words: String
        let scope: Scope
    }

    let database: Database
    let tables: [Table]
    var layouts: Layouts?
    var actual = ActualRows()
    var desired = DesiredTable()
    /// What has to be compared.
    var dirty: [RowID: Scope] = [:]
    var refused: [RowID: Refusal] = [:]
    /// Rows whose identity is not their key, by what the key would be.
    var aliases: [RowID: RowID] = [:]
    private var aliasOf: [RowID: RowID] = [:]
    /// Who wants to refer to rows that are not there.
    var missing: [RowID: Set<RowID>] = [:]
    var isConnected = false
    var quarrels = Quarrels()

    init(database: Database, tables: [Table]) {
        self.database = database
        self.tables = tables
    }

    // MARK: What comes in

    func absorb(_ delta: Delta) {
        let isFirst = desired.turn == nil
        let gone = desired.apply(delta)
        for change in delta.rows {
            let id = change.row
            let old = gone[id]
            noteAlias(id)
            for referrer in desired.referrers(of: id) { retry(referrer) }
            retry(id)
            if isFirst { continue }
            switch change.what {
            case .inserted, .deleted:
                var scope = Scope.whole(.delta)
                if let old { scope.withdraw(old) }
                mark(id, scope)
                if change.what == .deleted, let identity = id.table.identity(of: id.key, old), identity != id.key {
                    mark(RowID(id.table, identity), .whole(.delta))
                }
            case .updated:
                var scope = Scope(causes: .delta)
                for column in change.columns where id.table.columns.indices.contains(column.column) {
                    scope.add(column, id.table.ownership == .borrowed ? .shared : id.table.columns[column.column].hold)
                }
                mark(id, scope)
            }
        }
        if isFirst { markAll() }
    }

    func absorb(_ news: News) {
        if news.isConnected, !isConnected { for id in refused.keys { retry(id) } }
        isConnected = news.isConnected
        if news.isReset { reset() }
        guard let layouts else { return }
        let marks = database.read { replica in
            news.updates.map { update -> (old: ActualRows.Marks?, new: ActualRows.Marks?) in
                guard let layout = layouts.byName[update.table] else { return (nil, nil) }
                return actual.note(update.uuid, replica[update.table]?.rows[update.uuid], layout)
            }
        }
        for (update, marks) in zip(news.updates, marks) {
            guard let layout = layouts.byName[update.table] else { continue }
            note(update, layout, marks.old, marks.new)
        }
    }

    /// Forgets what it knows of the server's rows, looks at all of them and compares everything.
    func startOver() {
        if isConnected { reset() }
    }

    private func reset() {
        (layouts, actual) = database.read { [tables] replica in
            let layouts = Layouts(tables, replica)
            return (layouts, ActualRows(layouts, replica))
        }
        for id in refused.keys { retry(id) }
        if desired.turn != nil { markAll() }
    }

    /// Everything that is desired, and everything that is ours and may not be desired any more.
    private func markAll() {
        for id in desired.rows.keys { mark(id, .whole(.follow)) }
        guard let layouts else { return }
        for (name, layout) in layouts.byName {
            for tag in actual.tags(name) { mark(RowID(layout.table, tag), .whole(.follow)) }
        }
        let listed = database.read { replica in layouts.listed(replica) }
        for id in listed where desired[aliases[id] ?? id] == nil { mark(id, .whole(.follow)) }
    }

    /// Finds out which rows of ours an update of the server's concerns.
    private func note(_ update: RowUpdate, _ layout: Layout, _ old: ActualRows.Marks?, _ new: ActualRows.Marks?) {
        var ids = Set<RowID>()
        for marks in [old, new].compactMap(\.self) {
            if let tag = marks.tag { ids.insert(RowID(layout.table, tag)) }
            if let identity = marks.identity.map({ RowID(layout.table, $0) }) {
                ids.insert(aliases[identity] ?? identity)
            }
        }
        var scope = Scope(causes: .news)
        var isSame = false
        if case .modified(let columns) = update.what {
            isSame = old == new
            for column in columns {
                guard let index = layout.indexes[column.column] else { continue }
                var part = Scope.Part()
                switch column.what {
                case .value: part.isWhole = true
                case .members(let atoms), .keys(let atoms): part.atoms = atoms
                }
                scope.parts[index] = part
            }
            // Columns that only others read or write.
            if isSame, scope.parts.isEmpty { return }
        } else {
            scope.isWhole = true
        }
        for id in ids {
            let isOurs = layout.table.ownership == .owned && (old?.tag == id.key || new?.tag == id.key)
            if desired[id] != nil || isOurs { mark(id, scope) }
            if isSame { continue }
            for waiter in missing.removeValue(forKey: id) ?? [] { mark(waiter, .whole(.follow)) }
            for referrer in desired.referrers(of: id) { retry(referrer) }
        }
        // What stood in the way of a refused row may have gone.
        if !isSame, old != nil { for id in refused.keys where id.table.name == update.table { retry(id) } }
    }

    // MARK: Bookkeeping

    func mark(_ id: RowID, _ scope: Scope) { dirty[id, default: scope].merge(scope) }

    func retry(_ id: RowID) {
        guard let refusal = refused.removeValue(forKey: id) else { return }
        var scope = refusal.scope
        scope.merge(.whole(.follow))
        mark(id, scope)
    }

    func refuse(_ id: RowID, _ words: String, _ scope: Scope?) {
        refused[id] = Refusal(words: words, scope: scope ?? .whole(.follow))
    }

    private func noteAlias(_ id: RowID) {
        if let alias = aliasOf.removeValue(forKey: id), aliases[alias] == id { aliases[alias] = nil }
        guard let content = desired[id], let identity = id.table.identity(of: id.key, content), identity != id.key
        else { return }
        let alias = RowID(id.table, identity)
        aliases[alias] = id
        aliasOf[id] = alias
    }
}

extension Layouts {
    /// The rows that the ledger lists.
    func listed(_ replica: Replica) -> [RowID] {
        guard let ledger, let table = replica[ledger.table.name], let uuid = table.rows.keys.min() else { return [] }
        return byName.values.filter(\.isLedgered).flatMap { layout in
            let text = table.value(uuid, "external_ids")?.text(of: "\(tagKey)-\(layout.table.name)") ?? ""
            return text.split(separator: "\n").map { RowID(layout.table, String($0)) }
        }
    }
}
