import Core
import OVSDB

/// The operations that bring some rows of a database to where they shall be, as one transaction.
struct Plan {
    struct Step {
        /// The row that is at fault when the server refuses the operation.
        let row: RowID
        let operation: Operation
    }

    /// In the order in which they are sent.
    var steps: [Step] = []
    /// The rows that were compared.
    var rows: Set<RowID> = []
    /// Rows that could not be referred to since they are not there, and who wants to.
    var missing: [RowID: Set<RowID>] = [:]
    /// Rows for which the database has no table.
    var impossible: [RowID: String] = [:]

    var operations: [Operation] { steps.map(\.operation) }
    var changed: Set<RowID> { Set(steps.map(\.row)) }
}

/// Works out a plan from what is desired and what the server has. Lives for one look at the replica.
struct PlanBuilder {
    let layouts: Layouts
    let actual: ActualRows
    let desired: DesiredTable
    /// Rows whose identity is not their key, by what the key would be.
    let aliases: [RowID: RowID]
    let refused: Set<RowID>
    let replica: Replica
    /// Only these rows may be made; nil allows all.
    let allowed: Set<RowID>?

    var scopes: [RowID: Scope]
    var plan = Plan()
    /// Rows waiting to be looked at.
    private var queue: [RowID] = []
    /// Rows of which nothing is left to compare.
    private var covered: Set<RowID> = []
    /// The names of the rows that this transaction inserts.
    var names: [RowID: String] = [:]
    private var nameCount = 0
    /// Who refers to a new row already.
    private var linked: [RowID: Set<RowID>] = [:]
    /// Rows that must be made anew since a column may not change.
    private var replaced: Set<RowID> = []
    /// The server's rows that go, with the row of ours that each was.
    var doomed: [String: [RowUUID: RowID]] = [:]
    /// What the plan already does to columns of the server's rows.
    var touched: [RowUUID: Touch] = [:]
    var ledger: [String: LedgerChange] = [:]

    private var inserts: [Plan.Step] = []
    var edits: [Plan.Step] = []
    var deletes: [Plan.Step] = []

    struct Touch {
        var whole: Set<String> = []
        var removed: [String: Set<Atom>] = [:]
    }

    init(
        _ layouts: Layouts, _ actual: ActualRows, _ desired: DesiredTable, aliases: [RowID: RowID],
        refused: Set<RowID>, _ replica: Replica, scopes: [RowID: Scope], allowed: Set<RowID>? = nil
    ) {
        self.layouts = layouts
        self.actual = actual
        self.desired = desired
        self.aliases = aliases
        self.refused = refused
        self.replica = replica
        self.scopes = scopes
        self.allowed = allowed
    }

    mutating func build() -> Plan {
        let first = scopes.keys.sorted(by: layouts.order)
        for row in first where mustBeReplaced(row) { replaced.insert(row) }
        for row in first where scopes[row] != nil {
            process(row)
            while let next = queue.popLast() { process(next) }
        }
        removeDoomed()
        writeLedger()
        // What is held is made before its holders, so that a name is used after it was given.
        inserts.sort { layouts.order($1.row, $0.row) }
        plan.steps = inserts + edits + deletes
        return plan
    }

    private mutating func process(_ id: RowID) {
        guard !covered.contains(id), !refused.contains(id) else { return }
        guard scopes[id] != nil || !plan.rows.contains(id) || names[id] != nil else { return }
        plan.rows.insert(id)
        guard let layout = layouts.byName[id.table.name] else {
            if desired[id] != nil { plan.impossible[id] = "the database has no table \(id.table.name)" }
            return
        }
        var scope = scopes.removeValue(forKey: id) ?? .whole(.follow)
        guard let content = desired[id] else {
            forget(id, layout, scope)
            return
        }
        guard let uuid = lookup(id), let row = replica[id.table.name]?.rows[uuid] else {
            if layout.table.ownership == .owned { insert(id, layout, content) }
            return
        }
        // A row that we take over may hold anything.
        if layout.tag != nil, actual.marks(id.table.name, uuid)?.tag != id.key { scope.isWhole = true }
        if scope.isWhole { covered.insert(id) }
        edit(id, layout, uuid, row, content, scope)
        for copy in actual.tagged(id) where copy != uuid { doomed[id.table.name, default: [:]][copy] = id }
        if layout.isLedgered, let identity = layout.identity(of: row) {
            ledger[id.table.name, default: LedgerChange()].added.insert(identity)
        }
    }

    private mutating func insert(_ id: RowID, _ layout: Layout, _ content: RowContent) {
        if let allowed, !allowed.contains(id) { return }
        // Its holder will ask for it.
        guard canLive(id) else { return }
        let referrers = desired.referrers(of: id).filter { desired[$0] != nil && !refused.contains($0) }
        covered.insert(id)
        let name = name(id)
        let row = columns(of: id, layout, content)
        inserts.append(Plan.Step(row: id, operation: .insert(id.table.name, row, as: name)))
        if layout.isLedgered, let identity = id.table.identity(of: id.key, content) {
            ledger[id.table.name, default: LedgerChange()].added.insert(identity)
        }
        for referrer in referrers where linked[id]?.contains(referrer) != true && !covered.contains(referrer) {
            var scope = Scope(causes: .follow)
            for (index, column) in desired[referrer]?.columns ?? [:]
            where referrer.table.refers(column, in: index, to: id) {
                scope.parts[index] = Scope.Part(isWhole: false, values: [.row(id)], keys: column.keys(of: id.key))
            }
            scopes[referrer, default: scope].merge(scope)
            queue.append(referrer)
        }
    }

    private mutating func name(_ id: RowID) -> String {
        if let name = names[id] { return name }
        nameCount += 1
        let name = "r\(nameCount)"
        names[id] = name
        return name
    }

    /// The server's row that is, or shall become, a row of ours.
    func lookup(_ id: RowID) -> RowUUID? {
        guard layouts.byName[id.table.name] != nil, !replaced.contains(id) else { return nil }
        if let uuid = actual.tagged(id).min() { return uuid }
        guard let identity = id.table.identity(of: id.key, desired[id]) else { return nil }
        return actual.identified(id.table.name, identity).filter { uuid in
            let tag = actual.marks(id.table.name, uuid)?.tag
            return tag == nil || tag == id.key || desired[id] == nil
        }.min()
    }

    /// How a row is referred to; makes it if it can be made. Nil when it is not there.
    mutating func reference(_ id: RowID, by referrer: RowID) -> Atom? {
        if let uuid = lookup(id) { return .uuid(uuid) }
        let canMake =
            desired[id] != nil && id.table.ownership == .owned && !refused.contains(id)
            && canLive(id) && allowed?.contains(id) ?? true
        guard canMake else {
            plan.missing[id, default: []].insert(referrer)
            return nil
        }
        linked[id, default: []].insert(referrer)
        if names[id] == nil { queue.append(id) }
        return .named(name(id))
    }

    /// Whether a row would stay: one that is no root and that nothing holds vanishes as soon as it is made.
    private func canLive(_ id: RowID) -> Bool {
        guard let layout = layouts.byName[id.table.name] else { return false }
        if layout.schema.isRoot { return true }
        return desired.referrers(of: id).contains { referrer in
            guard !refused.contains(referrer), let holder = layouts.byName[referrer.table.name],
                let content = desired[referrer],
                content.columns.contains(where: { index, column in
                    let type = holder.type(index)
                    return (type?.value ?? type?.key)?.strength == .strong
                        && referrer.table.refers(column, in: index, to: id)
                })
            else { return false }
            return holder.table.ownership == .borrowed ? lookup(referrer) != nil : canLive(referrer)
        }
    }

    /// Whether the server's row differs in a column that may not change.
    private func mustBeReplaced(_ id: RowID) -> Bool {
        guard let layout = layouts.byName[id.table.name], !layout.fixed.isEmpty, id.table.ownership == .owned,
            let content = desired[id], let uuid = lookup(id), let row = replica[id.table.name]?.rows[uuid]
        else { return false }
        return layout.fixed.contains { index in
            guard let position = layout.positions[index], case .scalar(let value)? = content.columns[index],
                let atom = Atom(value, layout.columns[position].type.key.base)
            else { return false }
            return row.columns[position].single != atom
        }
    }

    private mutating func forget(_ id: RowID, _ layout: Layout, _ scope: Scope) {
        guard layout.table.ownership == .owned else {
            guard let uuid = lookup(id), let row = replica[id.table.name]?.rows[uuid] else { return }
            edit(id, layout, uuid, row, RowContent(), scope)
            return
        }
        for uuid in actual.tagged(id) { doomed[id.table.name, default: [:]][uuid] = id }
        guard layout.isLedgered, scope.causes.contains(.delta) || listed(id.table.name).contains(id.key) else { return }
        for uuid in actual.identified(id.table.name, id.key) { doomed[id.table.name, default: [:]][uuid] = id }
        ledger[id.table.name, default: LedgerChange()].removed.insert(id.key)
    }
}

extension PlanBuilder {
    /// Adds the old row of one that is made anew to those that go.
    mutating func doomReplaced() {
        for id in replaced {
            for uuid in actual.tagged(id) { doomed[id.table.name, default: [:]][uuid] = id }
            guard let identity = id.table.identity(of: id.key, desired[id]) else { continue }
            for uuid in actual.identified(id.table.name, identity)
            where actual.marks(id.table.name, uuid)?.tag == nil {
                doomed[id.table.name, default: [:]][uuid] = id
            }
        }
    }
}

extension Table {
    fileprivate func refers(_ column: RowContent.Column, in index: Int, to id: RowID) -> Bool {
        switch column {
        case .scalar(let value): value == .row(id)
        case .set(let members): members.contains(.row(id))
        case .map: rows(namedBy: column, in: index).contains(id)
        }
    }
}

extension RowContent.Column {
    /// The keys of a map whose values are this text.
    fileprivate func keys(of text: String) -> Set<String> {
        if case .map(let entries) = self { Set(entries.filter { $0.value == text }.keys) } else { [] }
    }
}
