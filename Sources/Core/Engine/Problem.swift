/// Something that keeps an object from having its effect, for status, metrics and commands.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
    public enum What: String, Sendable {
        /// The user's mistake: a handler threw a `Rejection`.
        case rejected
        /// The user's mistake in a part of an object: a handler reported it, and the rest is in force.
        case partial
        /// The module did what its manifest does not claim.
        case fault
        /// Two contributions differ; this one does not show.
        case conflict
        /// The cell did not come to rest.
        case quarantined
        /// A plane's engine refuses a row.
        case refused
        /// A feed could not read something.
        case feed
    }

    public var what: What
    /// Empty for feeds.
    public var module: String
    public var object: ObjectID?
    public var field: String
    public var reason: String
    public var message: String
    /// The turn since which it is so.
    public var since: UInt64

    public var description: String {
        let place = object.map { field.isEmpty ? "\($0)" : "\($0) \(field)" } ?? field
        return "\(module.isEmpty ? "feed" : module): \(place): \(reason): \(message)"
    }
}

/// Who contributes to a row.
public struct Owner: Hashable, Sendable, CustomStringConvertible {
    public var module: String
    /// The object of the module's own handler.
    public var object: ObjectID
    /// The objects of the cell, from the handler's own to the child's.
    public var cell: [ObjectID]
    /// The columns it contributes to.
    public var columns: [String]

    public var description: String { "\(module): \(cell.map(\.description).joined(separator: " > "))" }
}

extension Engine {
    func owner(of cell: UInt32, columns: [String] = []) -> Owner {
        let path = path(of: cell)
        let module = modules[Int(subscriptions[cells[cell].subscription].module) - 1].name
        return Owner(module: module, object: path[0], cell: path, columns: columns)
    }

    /// The cells that contribute to a row, found by looking at what each cell holds.
    public func owners(of id: RowID) -> [Owner] {
        let row = findRow(id)
        return row == 0 ? [] : holders(ofRow: row).map { owner(of: $0.cell, columns: $0.columns) }
    }

    /// Why a set column has a member: the cells that add it or fill the column with a group that shows it, and the
    /// objects of the groups that have the value.
    public func sources(of id: RowID, column: Int, member: Value) -> (owners: [Owner], objects: [ObjectID]) {
        let row = findRow(id)
        guard row != 0, let ordinal = tables[Int(rows[row].table)].position.firstIndex(of: column) else {
            return ([], [])
        }
        let place = row << 5 | UInt32(ordinal)
        let value = self.value(member)
        let shown = findColumn(place)
        let fact = findFact(place, value)
        var members: [UInt32] = []
        if shown != 0, case let holder = findHolder(columns[shown].facet, value), holder != 0 {
            members = vecs.read(holders[holder].slots) { $0.filter { shows(shown, slots[$0].bucket) } }
        }
        var owners: [Owner] = []
        for cell in 1..<max(1, cells.end) where cells[cell].subscription != 0 {
            let says = vecs.read(cells[cell].holdings) { tokens in
                tokens.contains { token in
                    let id = token & Token.id
                    switch token & ~Token.id {
                    case Token.fact: return id == fact
                    case Token.projection where projections[id].column == shown:
                        let group = projections[id].group
                        return members.contains { vecs.contains(buckets[slots[$0].bucket].groups, group) }
                    default: return false
                    }
                }
            }
            if says { owners.append(owner(of: cell, columns: [id.table.columns[column].name])) }
        }
        return (owners, members.map { identity(ofSlot: $0) }.sorted())
    }

    /// The cells that contribute to a row, with the columns; of one bundle if given.
    func holders(ofRow row: UInt32, bundle: UInt32? = nil) -> [(cell: UInt32, columns: [String])] {
        var result: [(cell: UInt32, columns: [String])] = []
        let info = tables[Int(rows[row].table)]
        for cell in 1..<max(1, cells.end) where cells[cell].subscription != 0 {
            var found: [Int] = []
            let holdings = cells[cell].holdings
            for i in 0..<holdings.count {
                let token = vecs[holdings, i]
                let id = token & Token.id
                switch token & ~Token.id {
                case Token.fact where facts[id].row == row:
                    if facts[id].column == Fact.bundle {
                        if let bundle, facts[id].value != bundle { continue }
                        found.append(contentsOf: Bundle.entries(bundles.words(facts[id].value)).map { Int($0.column) })
                        if found.isEmpty { found.append(-1) }
                    } else if bundle == nil {
                        found.append(info.position[Int(facts[id].column)])
                    }
                case Token.projection where bundle == nil && columns[projections[id].column].place >> 5 == row:
                    found.append(info.position[Int(columns[projections[id].column].place & 31)])
                default: break
                }
            }
            if !found.isEmpty {
                result.append((cell, Set(found).sorted().filter { $0 >= 0 }.map { info.columns[$0].name }))
            }
        }
        return result
    }

    /// Everything that is wrong now, sorted.
    public func problems() -> [Problem] {
        (cellProblems() + partialProblems() + conflictProblems() + publicationProblems() + refusals()
            + outsideProblems()).sorted {
                ($0.module, $0.object?.description ?? "", $0.field, $0.reason, $0.message)
                    < ($1.module, $1.object?.description ?? "", $1.field, $1.reason, $1.message)
            }
    }

    /// What is wrong with an object.
    public func problems(of object: ObjectID) -> [Problem] { problems().filter { $0.object == object } }

    private func cellProblems() -> [Problem] {
        failures.map { cell, failure in
            let owner = owner(of: cell)
            let what: Problem.What =
                switch failure.what {
                case .rejected: .rejected
                case .fault: .fault
                case .quarantined: .quarantined
                case .remark: .partial
                }
            let inner = owner.cell.count > 1 && what != .rejected ? " (at \(owner.cell[owner.cell.count - 1]))" : ""
            return Problem(
                what: what, module: owner.module, object: owner.object, field: failure.field, reason: failure.reason,
                message: failure.message + inner, since: failure.since)
        }
    }

    private func partialProblems() -> [Problem] {
        remarks.flatMap { cell, list in
            let owner = owner(of: cell)
            return list.map {
                Problem(
                    what: .partial, module: owner.module, object: owner.object, field: $0.field, reason: $0.reason,
                    message: $0.message, since: $0.since)
            }
        }
    }

    private func conflictProblems() -> [Problem] {
        conflicts.flatMap { row, conflict -> [Problem] in
            let columns = tables[Int(rows[row].table)].columns
            let places = conflict.places.map { columns[$0.column].name + ($0.key.map { ":\($0)" } ?? "") }
            let winners = liveBundles(row).filter { !conflict.losers.contains($0) }
                .flatMap { holders(ofRow: row, bundle: $0) }.map { owner(of: $0.cell).description }.sorted()
            return conflict.losers.flatMap { holders(ofRow: row, bundle: $0) }.map {
                let owner = owner(of: $0.cell)
                return Problem(
                    what: .conflict, module: owner.module, object: owner.object, field: "", reason: "Conflict",
                    message: "\(identity(ofRow: row)) column \(places.joined(separator: ", ")) is set otherwise by "
                        + winners.joined(separator: ", "), since: conflict.since)
            }
        }
    }

    private func publicationProblems() -> [Problem] {
        var result: [Problem] = []
        for id in 1..<max(1, publications.end) where publications[id].cell != 0 {
            let slot = publications[id].slot
            let isFeeds = slots[slot].flags & Slot.fromFeed != 0
            let list = claims(onSlot: slot)
            guard isFeeds || list.first != id else { continue }
            let winner = isFeeds ? "a feed" : owner(of: publications[list[0]].cell).description
            let owner = owner(of: publications[id].cell)
            result.append(
                Problem(
                    what: .conflict, module: owner.module, object: owner.object, field: "", reason: "Conflict",
                    message: "\(identity(ofSlot: slot)) is already published by \(winner)",
                    since: UInt64(cells[publications[id].cell].turn)))
        }
        return result
    }

    private func refusals() -> [Problem] {
        planes.flatMap { plane in
            plane.refused.flatMap { row, message in
                owners(of: row).map {
                    Problem(
                        what: .refused, module: $0.module, object: $0.object, field: "", reason: "Refused",
                        message: "\(row) is refused: \(message)", since: plane.refusedSince[row] ?? 0)
                }
            }
        }
    }

    private func outsideProblems() -> [Problem] {
        var result: [Problem] = []
        for (module, faults) in registrationFaults where modules[module].isEnabled {
            for fault in faults {
                result.append(
                    Problem(
                        what: .fault, module: modules[module].name, object: nil, field: "", reason: "ModuleFault",
                        message: fault, since: 0))
            }
        }
        for state in feeds.values {
            for failure in state.failures {
                result.append(
                    Problem(
                        what: .feed, module: "", object: nil, field: failure.source, reason: failure.reason,
                        message: failure.message, since: 0))
            }
        }
        return result
    }
}
