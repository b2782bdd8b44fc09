/// What a failed cell says.
struct CellFailure: Equatable {
    enum What { case rejected, fault, quarantined, remark }

    var what: What
    var reason: String
    var field: String
    var message: String
    var since: UInt64
}

/// What a cell contributed when the turn began.
struct SavedCell {
    var tokens: [UInt32]
    var published: [(slot: UInt32, body: Body)]
}

/// Running a cell and putting what it says in place.
extension Engine {
    /// A cell that runs more often than this in one turn is quarantined.
    static let runLimit: UInt16 = 32

    func run(cell id: UInt32) {
        cells[id].flags &= ~CellRecord.queued
        let record = cells[id]
        guard let body = bodies[record.slot], let handler = handlers[record.subscription] else { return }
        if record.turn == turnStamp {
            cells[id].runs += 1
        } else {
            cells[id].turn = turnStamp
            cells[id].runs = 1
            cells[id].flags &= ~CellRecord.saved
        }
        if cells[id].runs > Self.runLimit { return quarantine(id) }
        statistics.cellRuns += 1
        begin(cell: id, record.slot, modules[Int(subscriptions[record.subscription].module) - 1])
        var failure: CellFailure?
        var cell = Cell(engine: self)
        do throws(Rejection) {
            try handler.run(body, &cell)
        } catch {
            failure = CellFailure(
                what: .rejected, reason: error.reason, field: error.field, message: error.message, since: turnNumber)
        }
        if let fault = run.fault {
            failure = CellFailure(what: .fault, reason: "ModuleFault", field: "", message: fault, since: turnNumber)
        }
        run.cell = 0
        scratch.reads.sortUnique()
        if let failure { fail(id, failure) } else { commit(id) }
    }

    func begin(cell: UInt32, _ slot: UInt32, _ module: ModuleInfo) {
        scratch.tokens.removeAll()
        scratch.reads.removeAll()
        scratch.recent.removeAll()
        run.cell = cell
        run.slot = slot
        run.module = module
        if !run.children.isEmpty { run.children.removeAll(keepingCapacity: true) }
        if !run.published.isEmpty { run.published.removeAll(keepingCapacity: true) }
        if run.fault != nil { run.fault = nil }
        if !run.remarks.isEmpty { run.remarks.removeAll(keepingCapacity: true) }
    }

    /// The contributions stay as they were; any input, old or new, may mend it.
    private func fail(_ id: UInt32, _ failure: CellFailure) {
        setReads(id, scratch.reads, keeping: true)
        cells[id].flags |= CellRecord.failed
        setFailure(id, failure)
    }

    func setFailure(_ id: UInt32, _ failure: CellFailure) {
        var failure = failure
        if let old = failures[id] {
            failure.since = old.since
            if old == failure { return }
            failure.since = turnNumber
        }
        failures[id] = failure
        problemsChanged = true
    }

    /// What a cell reports stands as long as its contributions do.
    private func setRemarks(_ id: UInt32) {
        let old = remarks[id] ?? []
        let new = run.remarks.map { remark in
            let known = old.first {
                $0.reason == remark.reason && $0.field == remark.field && $0.message == remark.message
            }
            return known
                ?? CellFailure(
                    what: .remark, reason: remark.reason, field: remark.field, message: remark.message,
                    since: turnNumber)
        }
        guard old != new else { return }
        remarks[id] = new.isEmpty ? nil : new
        problemsChanged = true
    }

    private func commit(_ id: UInt32) {
        if !remarks.isEmpty || !run.remarks.isEmpty { setRemarks(id) }
        cells[id].flags &= ~CellRecord.failed
        if !failures.isEmpty, failures.removeValue(forKey: id) != nil { problemsChanged = true }
        setReads(id, scratch.reads)
        scratch.tokens.sortUnique()
        setHoldings(id)
        setChildren(id)
        if !run.published.isEmpty || !cells[id].publications.isEmpty { setPublications(id, run.published) }
    }

    /// Takes all that is only in the new tokens, then gives back all that is only in the old: what both hold never
    /// goes through zero.
    private func setHoldings(_ id: UInt32) {
        let old = cells[id].holdings
        let new = scratch.tokens
        let isSame = vecs.read(old) { list in
            list.count == new.count && (0..<list.count).allSatisfy { list[$0] == new[$0] }
        }
        if isSame { return }
        save(id)
        var i: UInt32 = 0
        for j in 0..<new.count {
            let token = new[j]
            while i < old.count && vecs[old, i] < token { i += 1 }
            if i == old.count || vecs[old, i] != token { retain(token: token) }
        }
        var j = 0
        for i in 0..<old.count {
            let token = vecs[old, i]
            while j < new.count && new[j] < token { j += 1 }
            if j == new.count || new[j] != token { release(token: token) }
        }
        vecs.replace(&cells[id].holdings, with: new.elements)
    }

    /// Children are matched by place and group; equal ones stay as they are.
    private func setChildren(_ id: UInt32) {
        let old = cells[id].subscriptions
        if old.isEmpty && run.children.isEmpty { return }
        var list: [UInt32] = []
        var dropped: [UInt32] = []
        for (place, child) in run.children.enumerated() {
            if place < Int(old.count) {
                let subscription = vecs[old, UInt32(place)]
                if subscriptions[subscription].group == child.group {
                    list.append(subscription)
                    if let before = handlers[subscription], child.handler.equals(before) { continue }
                    handlers[subscription] = child.handler
                    wakeCells(of: subscription)
                    continue
                }
                dropped.append(subscription)
            }
            list.append(
                subscribe(child.handler, module: run.module.index, kind: child.kind, parent: id, group: child.group))
        }
        if run.children.count < Int(old.count) {
            for place in run.children.count..<Int(old.count) { dropped.append(vecs[old, UInt32(place)]) }
        }
        for subscription in dropped { destroy(subscription: subscription) }
        list.withUnsafeMutableBufferPointer { vecs.replace(&cells[id].subscriptions, with: $0) }
    }

    private func wakeCells(of subscription: UInt32) {
        var cell = subscriptions[subscription].cells
        while cell != 0 {
            wake(cell)
            cell = cells[cell].next
        }
    }

    // MARK: quarantine

    /// Keeps what the cell contributed when the turn began, in case it does not come to rest.
    func save(_ id: UInt32) {
        guard cells[id].flags & CellRecord.saved == 0 else { return }
        cells[id].flags |= CellRecord.saved
        let holdings = cells[id].holdings
        let list = cells[id].publications
        if holdings.isEmpty && list.isEmpty { return }
        var saved = SavedCell(tokens: [], published: [])
        for i in 0..<holdings.count {
            saved.tokens.append(vecs[holdings, i])
            retain(token: vecs[holdings, i])
        }
        for i in 0..<list.count {
            let publication = vecs[list, i]
            if let body = published[publication] { saved.published.append((publications[publication].slot, body)) }
        }
        savedCells[id] = saved
    }

    func dropSaved(_ id: UInt32) {
        guard let saved = savedCells.removeValue(forKey: id) else { return }
        for token in saved.tokens { release(token: token) }
    }

    func dropAllSaved() {
        for id in savedCells.keys.sorted() { dropSaved(id) }
    }

    private func quarantine(_ id: UInt32) {
        cells[id].flags |= CellRecord.quarantined
        var busy: [(runs: UInt16, cell: UInt32)] = []
        for cell in 1..<cells.end where cell != id && cells[cell].subscription != 0 {
            if cells[cell].turn == turnStamp && cells[cell].runs > 8 { busy.append((cells[cell].runs, cell)) }
        }
        let names = busy.sorted { $0.runs == $1.runs ? $0.cell < $1.cell : $0.runs > $1.runs }.prefix(3)
            .map { "\(owner(of: $0.cell)) (\($0.runs) runs)" }
        let beside = names.isEmpty ? "" : "; beside it ran \(names.joined(separator: ", "))"
        setFailure(
            id,
            CellFailure(
                what: .quarantined, reason: "Quarantined", field: "",
                message: "ran \(Self.runLimit) times in one turn without coming to rest\(beside)", since: turnNumber))
        guard cells[id].flags & CellRecord.saved != 0 else { return }
        let saved = savedCells[id] ?? SavedCell(tokens: [], published: [])
        scratch.tokens.removeAll()
        for token in saved.tokens { scratch.tokens.append(token) }
        setHoldings(id)
        setPublications(id, saved.published)
    }

    func release(quarantined cell: UInt32) { cells[cell].flags &= ~CellRecord.quarantined }

    /// Has every cell run again in the next turn. Nothing may come of it: a check for tests.
    public func rerun() {
        for cell in 1..<max(1, cells.end) where cells[cell].subscription != 0 { wake(cell) }
    }

    /// Gives every quarantined cell another try.
    public func releaseQuarantined() {
        for cell in failures.keys.sorted() where cells[cell].flags & CellRecord.quarantined != 0 {
            release(quarantined: cell)
            wake(cell)
        }
    }
}
