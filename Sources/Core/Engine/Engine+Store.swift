/// Objects come, change and go.
extension Engine {
    /// Stores an object; an equal one is no news.
    func store(_ slot: UInt32, _ body: Body, _ kind: KindInfo) {
        let old = bodies[slot]
        if let old, old.equals(body) { return }
        bodies[slot] = body
        evaluate(kind, body)
        move(slot, kind, to: bucket(slots[slot].space, labelSet(of: body, kind)))
        if old == nil { kind.objects += 1 }
        told(slot)
        if old == nil { for root in kind.roots { work.append(WorkItem(what: .cell, subscription: root, slot: slot)) } }
    }

    func remove(_ slot: UInt32, _ kind: KindInfo) {
        guard bodies[slot] != nil else { return }
        scratch.facetValues.removeAll()
        scratch.facetStarts.removeAll()
        for _ in 0...kind.facets.count { scratch.facetStarts.append(0) }
        move(slot, kind, to: 0)
        bodies[slot] = nil
        kind.objects -= 1
        wake(readers: slots[slot].readers, byFeed: slots[slot].flags & Slot.fromFeed != 0)
        slots[slot].flags &= ~Slot.fromFeed
        slots[slot].turn = turnStamp
        var cell = slots[slot].cells
        while cell != 0 {
            work.append(WorkItem(what: .cell, subscription: cells[cell].subscription, slot: slot))
            cell = cells[cell].nextOfSlot
        }
        listIfUnused(slot: slot)
    }

    private func told(_ slot: UInt32) {
        slots[slot].turn = turnStamp
        let byFeed = slots[slot].flags & Slot.fromFeed != 0
        wake(readers: slots[slot].readers, byFeed: byFeed)
        var cell = slots[slot].cells
        while cell != 0 {
            wake(cell, byFeed: byFeed)
            cell = cells[cell].nextOfSlot
        }
    }

    // MARK: facets

    func facet<F: Facet>(_: F.Type) -> FacetInfo {
        if let info = facetByType[ObjectIdentifier(F.self)] { return info }
        let kind = kindInfo(F.Object.self)
        let info = FacetInfo(F.self, id: UInt32(facets.count), kind: kind.id)
        facets.append(info)
        facetByType.insert(ObjectIdentifier(F.self), info)
        kind.facets.append(info.id)
        forEachObject(of: kind) { slot in
            guard let body = bodies[slot] else { return }
            scratch.facetValues.removeAll()
            evaluate(info, body)
            setValues(info, slot, scratch.facetValues.elements)
        }
        return info
    }

    func forEachObject(of kind: KindInfo, _ body: (UInt32) -> Void) {
        for i in 0..<kind.spaces.count {
            let list = spaces[vecs[kind.spaces, i]].buckets
            for j in 0..<list.count {
                let members = buckets[vecs[list, j]].members
                for k in 0..<members.count { body(vecs[members, k]) }
            }
        }
    }

    /// Leaves the values of all facets in scratch.
    private func evaluate(_ kind: KindInfo, _ body: Body) {
        scratch.facetValues.removeAll()
        scratch.facetStarts.removeAll()
        for facet in kind.facets {
            scratch.facetStarts.append(UInt32(scratch.facetValues.count))
            evaluate(facets[Int(facet)], body)
        }
        scratch.facetStarts.append(UInt32(scratch.facetValues.count))
    }

    private func evaluate(_ facet: FacetInfo, _ body: Body) {
        let start = scratch.facetValues.count
        facet.evaluate(body) { value in
            let id = self.value(value)
            for i in start..<scratch.facetValues.count where scratch.facetValues[i] == id { return }
            scratch.facetValues.append(id)
        }
    }

    private func newValues(_ index: Int) -> UnsafeMutableBufferPointer<UInt32> {
        let start = Int(scratch.facetStarts[index])
        let end = Int(scratch.facetStarts[index + 1])
        return UnsafeMutableBufferPointer(rebasing: scratch.facetValues.elements[start..<end])
    }

    private func sameValues(_ list: Vec, _ new: UnsafeMutableBufferPointer<UInt32>) -> Bool {
        vecs.read(list) { old in old.count == new.count && (0..<old.count).allSatisfy { old[$0] == new[$0] } }
    }

    /// Replaces an object's values and the index of holders.
    private func setValues(_ facet: FacetInfo, _ slot: UInt32, _ new: UnsafeMutableBufferPointer<UInt32>) {
        var list = facet.values[slot]
        if sameValues(list, new) { return }
        for value in new { retain(value: value) }
        for i in 0..<list.count {
            let value = vecs[list, i]
            let holder = findHolder(facet.id, value)
            vecs.removeSorted(&holders[holder].slots, slot)
            if holders[holder].slots.isEmpty {
                holderTable.remove(StableHash.ids(facet.id, value), holder)
                holders.remove(holder)
            }
            release(value: value)
        }
        vecs.replace(&list, with: new)
        facet.values[slot] = list
        for value in new {
            var holder = findHolder(facet.id, value)
            if holder == 0 {
                holder = holders.add(Holder(facet: facet.id, value: value))
                holderTable.insert(StableHash.ids(facet.id, value), holder)
            }
            vecs.insertSorted(&holders[holder].slots, slot)
        }
    }

    // MARK: moves

    /// Moves an object to another bucket (0: none) with the facet values in scratch. Columns first, then groups.
    private func move(_ slot: UInt32, _ kind: KindInfo, to bucket: UInt32) {
        let old = slots[slot].bucket
        compareGroups(old, bucket)
        if isHandedOver { logMove(slot, kind, old, bucket) }
        for (index, facet) in kind.facets.enumerated() { setValues(facets[Int(facet)], slot, newValues(index)) }
        guard old != bucket else { return }
        if old != 0 { takeOut(slot, old) }
        slots[slot].bucket = bucket
        if bucket != 0 {
            slots[slot].position = buckets[bucket].members.count
            vecs.append(&buckets[bucket].members, slot)
        }
        // Both lists are used up here before anything else may use the scratch.
        for group in scratch.left.elements {
            tell(group, -1)
            reconcileChildren(of: group, slot)
            if kind.id == namespaceKind { namespaceMoved(slot, group, entered: false) }
        }
        for group in scratch.joined.elements {
            tell(group, 1)
            reconcileChildren(of: group, slot)
            if kind.id == namespaceKind { namespaceMoved(slot, group, entered: true) }
        }
    }

    private func takeOut(_ slot: UInt32, _ bucket: UInt32) {
        let position = slots[slot].position
        let last = vecs[buckets[bucket].members, buckets[bucket].members.count - 1]
        vecs.set(&buckets[bucket].members, position, last)
        slots[last].position = position
        vecs.remove(&buckets[bucket].members, at: buckets[bucket].members.count - 1)
        if buckets[bucket].members.isEmpty { listIfUnused(bucket: bucket) }
    }

    func listIfUnused(bucket: UInt32) {
        guard buckets[bucket].flags == 0 else { return }
        buckets[bucket].flags = 1
        unusedBuckets.append(bucket)
    }

    /// Merges the groups of two buckets into those left and those joined.
    private func compareGroups(_ old: UInt32, _ new: UInt32) {
        scratch.left.removeAll()
        scratch.joined.removeAll()
        guard old != new else { return }
        let before = old == 0 ? Vec() : buckets[old].groups
        let after = new == 0 ? Vec() : buckets[new].groups
        var i: UInt32 = 0
        var j: UInt32 = 0
        while i < before.count || j < after.count {
            if j == after.count {
                scratch.left.append(vecs[before, i])
                i += 1
            } else if i == before.count {
                scratch.joined.append(vecs[after, j])
                j += 1
            } else {
                let x = vecs[before, i]
                let y = vecs[after, j]
                if x < y { scratch.left.append(x) } else if y < x { scratch.joined.append(y) }
                if x <= y { i += 1 }
                if y <= x { j += 1 }
            }
        }
    }

    private func logMove(_ slot: UInt32, _ kind: KindInfo, _ old: UInt32, _ new: UInt32) {
        stamp &+= 1
        scratch.columns.removeAll()
        for group in scratch.left.elements { collectColumns(of: group) }
        for group in scratch.joined.elements { collectColumns(of: group) }
        var isChanged = false
        for (index, facet) in kind.facets.enumerated()
        where facets[Int(facet)].projections > 0 && !sameValues(facets[Int(facet)].values[slot], newValues(index)) {
            isChanged = true
        }
        if isChanged {
            for bucket in [old, new] where bucket != 0 {
                let list = buckets[bucket].groups
                for i in 0..<list.count { collectColumns(of: vecs[list, i]) }
            }
        }
        for column in scratch.columns.elements { logMove(slot, kind, column, old, new) }
    }

    private func collectColumns(of group: UInt32) {
        var projection = groups[group].projections
        while projection != 0 {
            let column = projections[projection].column
            if columns[column].stamp != stamp {
                columns[column].stamp = stamp
                scratch.columns.append(column)
            }
            projection = projections[projection].nextOfGroup
        }
    }

    private func logMove(_ slot: UInt32, _ kind: KindInfo, _ column: UInt32, _ old: UInt32, _ new: UInt32) {
        let record = columns[column]
        let before = shows(column, old)
        let after = shows(column, new)
        guard before || after, let index = kind.facets.firstIndex(of: record.facet) else { return }
        let oldList = facets[Int(record.facet)].values[slot]
        let newList = newValues(index)
        if before {
            for i in 0..<oldList.count {
                let value = vecs[oldList, i]
                if !(after && newList.contains(value)) { logMember(slot, column, record.place, value, -1) }
            }
        }
        if after {
            for value in newList where !(before && vecs.read(oldList, { $0.contains(value) })) {
                logMember(slot, column, record.place, value, 1)
            }
        }
    }

    private func logMember(_ slot: UInt32, _ column: UInt32, _ place: UInt32, _ value: UInt32, _ sign: Int32) {
        if shows(column, value: value, without: slot) || isExplicit(place, value) { return }
        log(place, value, sign)
    }
}
