/// What a feed brings, and how far it is.
struct FeedState {
    var kinds: [UInt32] = []
    var hasListed = false
    var failures: [FeedFailure] = []
}

/// What a plane has been told and has said.
final class PlaneState {
    let name: String
    /// Whether somebody realises it; only then does anything wait for its word.
    var isAttached = false
    var hasFirst = false
    /// The turn of its first delta, which brings the rows of all earlier turns.
    var firstTurn: UInt64 = 0
    /// The turns whose deltas it has not confirmed.
    var pending: [UInt64] = []
    var refused: [RowID: String] = [:]
    /// The turn in which each of them was first refused.
    var refusedSince: [RowID: UInt64] = [:]
    var isConnected = true

    init(_ name: String) { self.name = name }
}

/// What a turn gives.
public struct TurnResult: Sendable {
    public let turn: UInt64
    /// One for each plane that has something to do, or that gets its first.
    public let deltas: [Delta]
    public let statistics: TurnStatistics
    public let problemsChanged: Bool
}

/// Events in, turns, deltas out.
extension Engine {
    /// A feed that must have listed before planes get anything, and the kinds it brings.
    public func expect(feed: String, kinds: [any Kind.Type]) {
        var state = feeds[feed] ?? FeedState()
        for type in kinds {
            let kind = kindInfo(existential: type)
            if state.kinds.contains(kind.id) { continue }
            state.kinds.append(kind.id)
            kind.feeds.append(feed)
            if !state.hasListed { kind.isComplete = false }
        }
        feeds[feed] = state
    }

    /// A plane that gets deltas and whose confirmations count, even while it has no rows.
    public func attach(plane name: String) { planes[plane(name)].isAttached = true }

    func plane(_ name: String) -> Int {
        if let known = planes.firstIndex(where: { $0.name == name }) { return known }
        planes.append(PlaneState(name))
        return planes.count - 1
    }

    public func apply(_ event: FeedEvent) {
        switch event {
        case .changes(_, let changes, let lane):
            for change in changes { take(change, lane) }
        case .listed(let feed): intake.add(listed: feed)
        case .failed(let feed, let failures):
            if feeds[feed, default: FeedState()].failures != failures { problemsChanged = true }
            feeds[feed, default: FeedState(hasListed: true)].failures = failures
        }
    }

    public func report(_ report: PlaneReport) {
        switch report {
        case .confirmed(let name, let turn): planes[plane(name)].pending.removeAll { $0 <= turn }
        case .refused(let name, let rows):
            let state = planes[plane(name)]
            if state.refused != rows { problemsChanged = true }
            state.refused = rows
            state.refusedSince = rows.reduce(into: [:]) { since, row in
                since[row.key] = state.refusedSince[row.key] ?? turnNumber
            }
        case .repaired: break
        case .connected(let name, let isConnected): planes[plane(name)].isConnected = isConnected
        }
    }

    /// Whether a turn has something to do.
    public var hasWork: Bool {
        !intake.isEmpty || !queue.isEmpty || !work.isEmpty || !retiring.isEmpty || problemsChanged
            || feedsHaveListed && (!isHandedOver || kinds.contains { !$0.isComplete })
            || isHandedOver && planes.contains { $0.isAttached && !$0.hasFirst }
    }

    var feedsHaveListed: Bool { feeds.values.allSatisfy(\.hasListed) }

    /// Takes what waits, runs cells until none is left to run, and hands out the difference.
    public func turn() -> TurnResult {
        turnNumber += 1
        turnStamp &+= 1
        statistics = TurnStatistics()
        intake.next(slice) { take($0) }
        repeat { runAll() } while settle()
        dropAllSaved()
        checkConflicts()
        let deltas = takeDeltas()
        collect()
        defer { problemsChanged = false }
        return TurnResult(
            turn: turnNumber, deltas: deltas, statistics: statistics, problemsChanged: problemsChanged)
    }

    private func take(_ change: ObjectChange, _ lane: Lane) {
        let slot: UInt32
        var body: Body?
        var object: (any Kind)?
        switch change {
        case .put(let new):
            let (kind, typed) = self.body(of: new)
            slot = self.slot(kind, new.namespace, new.name)
            body = typed
            object = new
        case .remove(let id):
            slot = findSlot(id)
            if slot == 0 { return }
        }
        if lane == .attachment {
            pull(slot, droppingBody: true)
            intake.addUrgent(slot, body)
            for id in object.map(companions) ?? [] { pull(findSlot(id), droppingBody: false) }
        } else if slots[slot].waiting != 0 {
            intake.replace(slots[slot].waiting, body)
        } else {
            slots[slot].waiting = intake.add(slot, body)
        }
    }

    /// Takes a waiting change into the next turn, or drops it.
    private func pull(_ slot: UInt32, droppingBody: Bool) {
        guard slot != 0, slots[slot].waiting != 0 else { return }
        let body = intake.take(slots[slot].waiting)
        slots[slot].waiting = 0
        if !droppingBody { intake.addUrgent(slot, body) }
    }

    private func take(_ item: Intake.Item) {
        if let feed = item.listed {
            feeds[feed, default: FeedState()].hasListed = true
            return
        }
        let slot = item.slot
        slots[slot].waiting = 0
        statistics.objectChanges += 1
        if let body = item.body {
            slots[slot].flags |= Slot.fromFeed
            store(slot, body, kind(ofSlot: slot))
            if slots[slot].publications != 0 {
                work.append(WorkItem(what: .publication, subscription: 0, slot: slot))
            }
        } else if slots[slot].flags & Slot.fromFeed != 0 {
            remove(slot, kind(ofSlot: slot))
            if slots[slot].publications != 0 {
                work.append(WorkItem(what: .publication, subscription: 0, slot: slot))
            }
        } else {
            listIfUnused(slot: slot)
        }
    }

    private func runAll() {
        while true {
            var done = 0
            while done < work.count {
                let item = work[done]
                done += 1
                switch item.what {
                case .cell: reconcileCell(item.subscription, item.slot)
                case .publication: settlePublications(item.slot)
                }
            }
            work.removeAll()
            guard let cell = queue.next() else { return }
            if cells[cell].subscription != 0 && cells[cell].flags & CellRecord.queued != 0 { run(cell: cell) }
        }
    }

    /// What is due when no cell is left to run; true when that made new work.
    private func settle() -> Bool {
        if !retiring.isEmpty {
            let list = retiring
            retiring.removeAll()
            for subscription in list { destroy(subscription: subscription) }
        }
        let hasMoved = updateCompleteness()
        if !hasMoved && queue.isEmpty && work.isEmpty { servePools() }
        return hasMoved || !queue.isEmpty || !work.isEmpty
    }

    private func takeDeltas() -> [Delta] {
        var result: [Delta] = []
        if !isHandedOver {
            guard feedsHaveListed else { return [] }
            isHandedOver = true
        }
        let net = net()
        statistics.facts = net.count
        let changes = net.isEmpty ? [] : changes(net)
        for (index, plane) in planes.enumerated() {
            let own = index < changes.count ? changes[index] : []
            if plane.hasFirst && own.isEmpty { continue }
            var delta = Delta(plane: plane.name, turn: turnNumber, rows: own)
            if !plane.hasFirst {
                delta.rows = everything(plane: index)
                if delta.rows.isEmpty && !plane.isAttached { continue }
                plane.hasFirst = true
                plane.firstTurn = turnNumber
            }
            statistics.rows += delta.rows.count
            if plane.isAttached { plane.pending.append(turnNumber) }
            result.append(delta)
        }
        return result
    }

    // MARK: completeness

    /// Marks the kinds whose inputs are complete; one step along the derivation each time, with all cells run between.
    private func updateCompleteness() -> Bool {
        if kinds.allSatisfy(\.isComplete) { return false }
        var ready = kinds.filter { !$0.isComplete && inputsAreComplete($0) }
        if ready.isEmpty && queue.isEmpty && work.isEmpty && feedsHaveListed { ready = kinds.filter { !$0.isComplete } }
        for kind in ready {
            kind.isComplete = true
            wake(readers: signals[kind.signal].readers)
        }
        return !ready.isEmpty
    }

    private func inputsAreComplete(_ kind: KindInfo) -> Bool {
        for feed in kind.feeds where feeds[feed]?.hasListed != true { return false }
        for module in kind.publishers where modules[module].isEnabled {
            for read in modules[module].reads where !modules[module].publishes.contains(read) {
                if !kinds[Int(read)].isComplete { return false }
            }
        }
        return true
    }
}
