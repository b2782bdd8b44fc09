/// Gives back what nothing uses any more, when the turn's delta is out.
extension Engine {
    func collect() {
        collectFacts()
        collectGroups()
        collectAllocations()
        collectObjects()
        collectInterned()
    }

    private func collectFacts() {
        while let id = unusedProjections.popLast() {
            projections[id].count.unlist()
            if projections[id].count.uses > 0 { continue }
            let record = projections[id]
            projectionTable.remove(StableHash.ids(record.group, record.column), id)
            projections.remove(id)
            dropGroup(record.group)
            listIfUnused(column: record.column)
        }
        while let id = unusedColumns.popLast() {
            columns[id].listed = false
            if columns[id].uses > 0 { continue }
            let place = columns[id].place
            columnTable.remove(StableHash.ids(place, 1), id)
            columns.remove(id)
            drop(row: place >> 5)
        }
        while let id = unusedFacts.popLast() {
            facts[id].count.unlist()
            if facts[id].count.uses == 0 { free(fact: id) }
        }
    }

    private func collectGroups() {
        while let id = unusedGroups.popLast() {
            groups[id].count.unlist()
            let record = groups[id]
            if record.count.uses == 0 && record.emptinessReaders == 0 && record.memberReaders == 0 { free(group: id) }
        }
        while let id = unusedBuckets.popLast() {
            buckets[id].flags = 0
            if buckets[id].members.isEmpty { free(bucket: id) }
        }
    }

    private func free(bucket id: UInt32) {
        while buckets[id].groups.count > 0 { leave(id, vecs[buckets[id].groups, buckets[id].groups.count - 1]) }
        let record = buckets[id]
        bucketTable.remove(StableHash.ids(record.space, record.labels), id)
        labelSets.release(record.labels)
        vecs.removeSorted(&spaces[record.space].buckets, id)
        buckets.remove(id)
        if spaces[record.space].slots == 0 { unusedSpaces.append(record.space) }
    }

    private func collectAllocations() {
        while let id = unusedAllocations.popLast() {
            allocations[id].count.unlist()
            let record = allocations[id]
            if record.count.uses == 0 && signals[record.signal].readers == 0 { free(allocation: id) }
        }
    }

    private func collectObjects() {
        while let id = unusedSlots.popLast() {
            slots[id].flags &= ~Slot.listed
            guard isUnused(slot: id) else { continue }
            let record = slots[id]
            slotTable.remove(StableHash.ids(record.space, record.name), id)
            atoms.release(record.name)
            slots.remove(id)
            spaces[record.space].slots -= 1
            if spaces[record.space].slots == 0 { unusedSpaces.append(record.space) }
        }
        unusedSpaces.sortUnique()
        for id in unusedSpaces.elements where spaces[id].slots == 0 && spaces[id].buckets.isEmpty {
            let record = spaces[id]
            guard record.namespace != 0 else { continue }
            spaceTable.remove(StableHash.ids(record.kind, record.namespace), id)
            vecs.removeSorted(&kinds[Int(record.kind)].spaces, id)
            atoms.release(record.namespace)
            spaces.remove(id)
        }
        unusedSpaces.removeAll()
    }

    private func collectInterned() {
        bundles.collect { forget(bundle: $0) }
        while let id = unusedRows.popLast() {
            rows[id].count.unlist()
            let record = rows[id]
            guard record.count.uses == 0 else { continue }
            assert(record.facts == 0 && record.bundles == 0)
            conflicts[id] = nil
            rowTable.remove(rowHash(record.table, key(ofRow: id)), id)
            rowKeys.give(back: record.key, Int(record.length))
            rows.remove(id)
        }
        values.collect { _ in }
        selectors.collect { forget(selector: $0) }
        labelSets.collect { id in for pair in labelSets.words(id) { pairs.release(pair) } }
        pairs.collect { id in for atom in pairs.words(id) { atoms.release(atom) } }
        atoms.collect { _ in }
    }
}
