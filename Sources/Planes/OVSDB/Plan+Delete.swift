import Core
import OVSDB

/// What the ledger has to say more, and less.
struct LedgerChange {
    var added: Set<String> = []
    var removed: Set<String> = []
}

extension PlanBuilder {
    /// Removes the rows that go: strong references to them first, then the rows themselves where they are roots.
    ///
    /// A row that is no root is removed by the server once nothing holds it.
    mutating func removeDoomed() {
        doomReplaced()
        for (table, rows) in doomed.sorted(by: { $0.key < $1.key }) {
            for (holder, column) in layouts.holders[table] ?? [] { release(rows, holder, column) }
            guard layouts.byName[table]?.schema.isRoot == true else { continue }
            for (uuid, id) in rows.sorted(by: { $0.key < $1.key }) {
                deletes.append(Plan.Step(row: id, operation: .delete(table, uuid)))
            }
        }
    }

    private mutating func release(_ rows: [RowUUID: RowID], _ holder: String, _ position: Int) {
        guard let table = replica[holder] else { return }
        let column = table.columns[position]
        for (uuid, row) in table.rows where doomed[holder]?[uuid] == nil {
            let members = row.columns[position].members
            let held =
                members.count < rows.count
                ? members.compactMap { atom in atom.reference.flatMap { rows[$0] == nil ? nil : $0 } }
                : rows.keys.filter { members.contains(.uuid($0)) }
            guard let first = held.min(), let id = rows[first] else { continue }
            let touch = touched[uuid]
            if touch?.whole.contains(column.name) == true { continue }
            let atoms = Set(held.map(Atom.uuid)).subtracting(touch?.removed[column.name] ?? [])
            guard !atoms.isEmpty else { continue }
            let operation: Operation =
                column.type.max == 1
                ? .update(holder, uuid, [(column.name, .set([]))])
                : .mutate(holder, uuid, [(column.name, .deleteMembers(atoms))])
            edits.append(Plan.Step(row: id, operation: operation))
        }
    }

    private var ledgerRow: (layout: Layout, uuid: RowUUID)? {
        guard let layout = layouts.ledger, let uuid = replica[layout.table.name]?.rows.keys.min() else { return nil }
        return (layout, uuid)
    }

    /// The rows of a table that the ledger lists, by their identity.
    func listed(_ table: String) -> Set<String> {
        guard let (layout, uuid) = ledgerRow else { return [] }
        let text = replica[layout.table.name]?.value(uuid, "external_ids")?.text(of: "\(tagKey)-\(table)")
        return Set((text ?? "").split(separator: "\n").map(String.init))
    }

    mutating func writeLedger() {
        guard let (layout, uuid) = ledgerRow, !refused.contains(RowID(layout.table, ".")) else { return }
        for (table, change) in ledger.sorted(by: { $0.key < $1.key }) {
            let old = listed(table)
            let new = old.subtracting(change.removed).union(change.added)
            if old == new { continue }
            let key = Atom.string("\(tagKey)-\(table)")
            var mutations: [(String, Operation.Mutation)] = [("external_ids", .deleteKeys([key]))]
            if !new.isEmpty {
                let text = new.sorted().joined(separator: "\n")
                mutations.append(("external_ids", .insertEntries([key: .string(text)])))
            }
            edits.append(
                Plan.Step(
                    row: RowID(layout.table, "."), operation: .mutate(layout.table.name, uuid, mutations)))
        }
    }
}
