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
    /// Everything that is wrong now, sorted.
    public func problems() -> [Problem] {
        (cellProblems() + partialProblems() + conflictProblems() + publicationProblems() + refusals()
            + outsideProblems()).sorted {
                ($0.module, $0.object?.description ?? "", $0.field, $0.reason, $0.message)
                    < ($1.module, $1.object?.description ?? "", $1.field, $1.reason, $1.message)
            }
    }

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
            let isOnly = slots[slot].publications == id && publications[id].next == 0
            if isOnly && !isFeeds { continue }
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
