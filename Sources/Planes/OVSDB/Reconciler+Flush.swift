import Core
import OVSDB

extension Reconciler {
    /// What came of a flush.
    struct Outcome {
        /// Rows of ours that somebody else had changed.
        var repaired: Set<RowID> = []
        /// All rows that were written, whatever the reason.
        var changed: Set<RowID> = []
        /// Whether everything that could be written was.
        var isComplete = false
    }

    /// Brings the database to what is desired, in as few transactions as the server allows. `news` is asked for what the
    /// server has said meanwhile.
    func flush(_ statistics: inout OVSDBStatistics, news: () -> News) async -> Outcome {
        var outcome = Outcome()
        guard desired.turn != nil, layouts != nil, isConnected else { return outcome }
        for id in quarrels.over() { retry(id) }
        while !dirty.isEmpty {
            let batch = dirty.filter { refused[$0.key] == nil }
            dirty = [:]
            do {
                try await attempt(batch, only: nil, &statistics, &outcome)
            } catch {
                // The connection is gone, and with it the knowledge whether the transaction came through.
                for (id, scope) in batch { mark(id, scope) }
                absorb(news())
                return outcome
            }
            absorb(news())
            if !isConnected { return outcome }
        }
        outcome.isComplete = true
        return outcome
    }

    /// Tries one transaction, and what remains of it without the rows that the server refuses.
    private func attempt(
        _ batch: [RowID: Scope], only: [RowID]?, _ statistics: inout OVSDBStatistics, _ outcome: inout Outcome
    ) async throws {
        var scopes = batch
        while let layouts {
            let plan = database.read { replica in
                var builder = PlanBuilder(
                    layouts, actual, desired, aliases: aliases, refused: Set(refused.keys), replica, scopes: scopes,
                    allowed: only.map(Set.init))
                return builder.build()
            }
            for (id, waiters) in plan.missing { missing[id, default: []].formUnion(waiters) }
            for (id, words) in plan.impossible { refuse(id, words, scopes[id]) }
            if plan.steps.isEmpty { return }
            statistics.transactions += 1
            statistics.operations += plan.steps.count
            do {
                _ = try await database.transact(plan.operations)
                outcome.changed.formUnion(plan.changed)
                for id in plan.changed where scopes[id]?.causes == .news {
                    if quarrels.isTooOften(id) { refuse(id, Quarrels.words, scopes[id]) }
                    if id.table.ownership == .borrowed { continue }
                    outcome.repaired.insert(id)
                    statistics.repairs += 1
                }
                return
            } catch let refusal as TransactionRefused {
                statistics.refusals += 1
                guard let operation = refusal.operation, plan.steps.indices.contains(operation) else {
                    let rows = only ?? plan.changed.sorted(by: layouts.order)
                    try await split(rows, scopes, refusal, &statistics, &outcome)
                    return
                }
                let culprit = plan.steps[operation].row
                refuse(culprit, refusal.description, scopes.removeValue(forKey: culprit))
            }
        }
    }

    /// Halves a refused transaction until the rows at fault are alone. Holders come first, so that a row that is held
    /// can be tried alone.
    private func split(
        _ rows: [RowID], _ scopes: [RowID: Scope], _ refusal: TransactionRefused,
        _ statistics: inout OVSDBStatistics, _ outcome: inout Outcome
    ) async throws {
        let units = units(rows)
        guard units.count > 1 else {
            for id in rows { refuse(id, refusal.description, scopes[id]) }
            return
        }
        let middle = units.count / 2
        for half in [units[..<middle], units[middle...]] {
            let rows = half.flatMap(\.self)
            var part: [RowID: Scope] = [:]
            for id in rows { part[id] = scopes[id] ?? .whole(.follow) }
            try await attempt(part, only: rows, &statistics, &outcome)
        }
    }

    /// Rows that cannot be tried one without the other: a column of the first needs the others.
    private func units(_ rows: [RowID]) -> [[RowID]] {
        let all = Set(rows)
        var taken = Set<RowID>()
        var units: [[RowID]] = []
        for row in rows where taken.insert(row).inserted {
            var unit = [row]
            var next = 0
            while next < unit.count {
                for needed in needs(unit[next]) where all.contains(needed) && taken.insert(needed).inserted {
                    unit.append(needed)
                }
                next += 1
            }
            units.append(unit)
        }
        return units
    }

    private func needs(_ id: RowID) -> [RowID] {
        guard let layout = layouts?.byName[id.table.name], let content = desired[id] else { return [] }
        return content.columns.sorted { $0.key < $1.key }.flatMap { index, column -> [RowID] in
            guard let type = layout.type(index), type.min > 0 else { return [] }
            return column.values.compactMap { if case .row(let target) = $0 { target } else { nil } }
        }
    }
}
