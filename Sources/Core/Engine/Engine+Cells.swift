/// Cells: made, woken, dropped; and the edges of what they read.
extension Engine {
    func findCell(_ subscription: UInt32, _ slot: UInt32) -> UInt32 {
        cellTable.find(StableHash.ids(subscription, slot)) {
            cells[$0].subscription == subscription && cells[$0].slot == slot
        }
    }

    func makeCell(_ subscription: UInt32, _ slot: UInt32) {
        let id = cells.add(CellRecord(subscription: subscription, slot: slot, flags: CellRecord.fresh))
        cellTable.insert(StableHash.ids(subscription, slot), id)
        let nextOfSlot = slots[slot].cells
        cells[id].nextOfSlot = nextOfSlot
        if nextOfSlot != 0 { cells[nextOfSlot].previousOfSlot = id }
        slots[slot].cells = id
        let next = subscriptions[subscription].cells
        cells[id].next = next
        if next != 0 { cells[next].previous = id }
        subscriptions[subscription].cells = id
        wake(id)
    }

    func destroy(cell id: UInt32) {
        let subs = cells[id].subscriptions
        for i in 0..<subs.count { destroy(subscription: vecs[subs, i]) }
        vecs.clear(&cells[id].subscriptions)
        let holdings = cells[id].holdings
        for i in 0..<holdings.count { release(token: vecs[holdings, i]) }
        vecs.clear(&cells[id].holdings)
        dropSaved(id)
        scratch.held.removeAll()
        setReads(id, scratch.held)
        setPublications(id, [])
        if failures.removeValue(forKey: id) != nil { problemsChanged = true }
        if remarks.removeValue(forKey: id) != nil { problemsChanged = true }
        let record = cells[id]
        if record.previousOfSlot != 0 {
            cells[record.previousOfSlot].nextOfSlot = record.nextOfSlot
        } else {
            slots[record.slot].cells = record.nextOfSlot
        }
        if record.nextOfSlot != 0 { cells[record.nextOfSlot].previousOfSlot = record.previousOfSlot }
        if record.previous != 0 {
            cells[record.previous].next = record.next
        } else {
            subscriptions[record.subscription].cells = record.next
        }
        if record.next != 0 { cells[record.next].previous = record.previous }
        cellTable.remove(StableHash.ids(record.subscription, record.slot), id)
        cells.remove(id)
        slots[record.slot].turn = turnStamp
        listIfUnused(slot: record.slot)
    }

    // MARK: subscriptions

    func subscribe(_ handler: Handler, module: Int, kind: UInt32, parent: UInt32 = 0, group: UInt32 = 0) -> UInt32 {
        let id = subscriptions.add(
            Subscription(module: UInt32(module) + 1, kind: kind, parent: parent, group: group))
        handlers[id] = handler
        if group == 0 {
            kinds[Int(kind)].roots.append(id)
            forEachObject(of: kinds[Int(kind)]) { work.append(WorkItem(what: .cell, subscription: id, slot: $0)) }
            return id
        }
        _ = groups[group].count.add()
        let next = groups[group].subscriptions
        subscriptions[id].nextOfGroup = next
        if next != 0 { subscriptions[next].previousOfGroup = id }
        groups[group].subscriptions = id
        let list = groups[group].buckets
        for i in 0..<list.count {
            let members = buckets[vecs[list, i]].members
            for j in 0..<members.count {
                work.append(WorkItem(what: .cell, subscription: id, slot: vecs[members, j]))
            }
        }
        return id
    }

    func destroy(subscription id: UInt32) {
        while subscriptions[id].cells != 0 { destroy(cell: subscriptions[id].cells) }
        let record = subscriptions[id]
        handlers[id] = nil
        if record.group == 0 {
            kinds[Int(record.kind)].roots.removeAll { $0 == id }
        } else {
            if record.previousOfGroup != 0 {
                subscriptions[record.previousOfGroup].nextOfGroup = record.nextOfGroup
            } else {
                groups[record.group].subscriptions = record.nextOfGroup
            }
            if record.nextOfGroup != 0 {
                subscriptions[record.nextOfGroup].previousOfGroup = record.previousOfGroup
            }
            dropGroup(record.group)
        }
        subscriptions.remove(id)
    }

    /// Makes or drops the cell that a subscription has for a slot, whatever was asked for before.
    func reconcileCell(_ subscription: UInt32, _ slot: UInt32) {
        guard subscriptions[subscription].module != 0 else { return }
        let record = subscriptions[subscription]
        let bucket = slots[slot].bucket
        let wanted: Bool
        if record.group == 0 {
            wanted = bucket != 0 && spaces[slots[slot].space].kind == record.kind
        } else {
            wanted = bucket != 0 && vecs.contains(buckets[bucket].groups, record.group)
        }
        let cell = findCell(subscription, slot)
        if wanted && cell == 0 { makeCell(subscription, slot) }
        if !wanted && cell != 0 { destroy(cell: cell) }
    }

    // MARK: waking

    func wake(_ cell: UInt32, byFeed: Bool = false) {
        let flags = cells[cell].flags
        if flags & CellRecord.queued != 0 { return }
        if flags & CellRecord.quarantined != 0 {
            guard byFeed else { return }
            release(quarantined: cell)
        }
        cells[cell].flags |= CellRecord.queued
        queue.append(cell, stratum: kinds[Int(subscriptions[cells[cell].subscription].kind)].stratum)
    }

    func wake(readers head: UInt32, byFeed: Bool = false) {
        var edge = head
        while edge != 0 {
            wake(edges[edge].cell, byFeed: byFeed)
            edge = edges[edge].next
        }
    }

    // MARK: edges

    private func head(ofRead read: UInt32) -> UInt32 {
        let id = read & Read.id
        return switch read & ~Read.id {
        case Read.slot: slots[id].readers
        case Read.emptiness: groups[id].emptinessReaders
        case Read.members: groups[id].memberReaders
        default: signals[id].readers
        }
    }

    private func setHead(ofRead read: UInt32, _ edge: UInt32) {
        let id = read & Read.id
        switch read & ~Read.id {
        case Read.slot: slots[id].readers = edge
        case Read.emptiness: groups[id].emptinessReaders = edge
        case Read.members: groups[id].memberReaders = edge
        default: signals[id].readers = edge
        }
    }

    private func addEdge(_ read: UInt32, _ cell: UInt32) -> UInt32 {
        let next = head(ofRead: read)
        let id = edges.add(Edge(next: next, cell: cell))
        if next != 0 { edges[next].previous = id }
        setHead(ofRead: read, id)
        return id
    }

    private func removeEdge(_ read: UInt32, _ id: UInt32) {
        let record = edges[id]
        if record.previous != 0 {
            edges[record.previous].next = record.next
        } else {
            setHead(ofRead: read, record.next)
        }
        if record.next != 0 { edges[record.next].previous = record.previous }
        edges.remove(id)
        guard record.previous == 0 && record.next == 0 else { return }
        let target = read & Read.id
        switch read & ~Read.id {
        case Read.slot: listIfUnused(slot: target)
        case Read.emptiness, Read.members: listIfUnused(group: target)
        default: listIfUnused(signal: target)
        }
    }

    /// Replaces what a cell reads by a sorted list. With `keeping`, the old reads stay too.
    func setReads(_ cell: UInt32, _ new: Stack<UInt32>, keeping: Bool = false) {
        let old = cells[cell].reads
        let result = scratch.pairs
        result.removeAll()
        var i: UInt32 = 0
        var j = 0
        var isChanged = false
        while i < old.count || j < new.count {
            let x = i < old.count ? vecs[old, i] : .max
            let y = j < new.count ? new[j] : .max
            if x == y || x < y && keeping {
                result.append(x)
                result.append(vecs[old, i + 1])
                if x == y { j += 1 }
                i += 2
            } else if x < y {
                removeEdge(x, vecs[old, i + 1])
                i += 2
                isChanged = true
            } else {
                result.append(y)
                result.append(addEdge(y, cell))
                j += 1
                isChanged = true
            }
        }
        if isChanged { vecs.replace(&cells[cell].reads, with: result.elements) }
    }
}
