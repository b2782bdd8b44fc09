/// Derived objects: cells claim to publish, and the first in (module order, identity) shows.
extension Engine {
    /// Replaces what a cell publishes.
    func setPublications(_ cell: UInt32, _ new: [(slot: UInt32, body: Body)]) {
        let old = cells[cell].publications
        if old.isEmpty && new.isEmpty { return }
        var kept: [UInt32] = []
        for (slot, body) in new {
            let same = (0..<old.count).lazy.map { self.vecs[old, $0] }.first { self.publications[$0].slot == slot }
            if let same, !kept.contains(same) {
                kept.append(same)
                if let before = published[same], before.equals(body) { continue }
                save(cell)
                published[same] = body
            } else {
                save(cell)
                let id = publications.add(Publication(next: slots[slot].publications, cell: cell, slot: slot))
                slots[slot].publications = id
                published[id] = body
                kept.append(id)
            }
            work.append(WorkItem(what: .publication, subscription: 0, slot: slot))
        }
        for i in 0..<old.count where !kept.contains(vecs[old, i]) {
            save(cell)
            unpublish(vecs[old, i])
        }
        kept.withUnsafeMutableBufferPointer { vecs.replace(&cells[cell].publications, with: $0) }
    }

    private func unpublish(_ id: UInt32) {
        let slot = publications[id].slot
        if slots[slot].publications == id {
            slots[slot].publications = publications[id].next
        } else {
            var before = slots[slot].publications
            while publications[before].next != id { before = publications[before].next }
            publications[before].next = publications[id].next
        }
        published[id] = nil
        publications.remove(id)
        work.append(WorkItem(what: .publication, subscription: 0, slot: slot))
    }

    /// Shows the first of what is published at a slot.
    func settlePublications(_ slot: UInt32) {
        let list = claims(onSlot: slot)
        let isFeeds = slots[slot].flags & Slot.fromFeed != 0
        let isContested = list.count > 1 || isFeeds && !list.isEmpty
        if isContested {
            contested.insert(slot)
            problemsChanged = true
        } else if contested.remove(slot) != nil {
            problemsChanged = true
        }
        if isFeeds { return }
        let kind = kind(ofSlot: slot)
        if let first = list.first, let body = published[first] {
            store(slot, body, kind)
        } else {
            remove(slot, kind)
            listIfUnused(slot: slot)
        }
    }

    /// The publications at a slot, the one that shows first.
    func claims(onSlot slot: UInt32) -> [UInt32] {
        var list: [UInt32] = []
        var publication = slots[slot].publications
        while publication != 0 {
            list.append(publication)
            publication = publications[publication].next
        }
        if list.count < 2 { return list }
        return list.sorted { cellBefore(publications[$0].cell, publications[$1].cell) }
    }

    /// Modules' order, then the identities from the root cell down.
    private func cellBefore(_ a: UInt32, _ b: UInt32) -> Bool {
        let x = subscriptions[cells[a].subscription].module
        let y = subscriptions[cells[b].subscription].module
        if x != y { return x < y }
        let left = path(of: a)
        let right = path(of: b)
        return left == right ? a > b : left.lexicographicallyPrecedes(right)
    }

    /// The objects of a cell and its parents, the root's first.
    func path(of cell: UInt32) -> [ObjectID] {
        var path: [ObjectID] = []
        var cell = cell
        while cell != 0 {
            path.append(identity(ofSlot: cells[cell].slot))
            cell = subscriptions[cells[cell].subscription].parent
        }
        return path.reversed()
    }
}
