/// Set columns that groups fill: whether a value shows is computed from holders, buckets and groups.
extension Engine {
    // MARK: records

    func findColumn(_ place: UInt32) -> UInt32 {
        columnTable.find(StableHash.ids(place, 1)) { columns[$0].place == place }
    }

    func column(_ place: UInt32, _ facet: UInt32) -> UInt32 {
        let found = findColumn(place)
        if found != 0 { return found }
        _ = rows[place >> 5].count.add()
        let id = columns.add(ColumnRecord(place: place, facet: facet))
        columnTable.insert(StableHash.ids(place, 1), id)
        listIfUnused(column: id)
        return id
    }

    func listIfUnused(column id: UInt32) {
        guard !columns[id].listed else { return }
        columns[id].listed = true
        unusedColumns.append(id)
    }

    func projection(_ group: UInt32, _ column: UInt32) -> UInt32 {
        let hash = StableHash.ids(group, column)
        let found = projectionTable.find(hash) { projections[$0].group == group && projections[$0].column == column }
        if found != 0 { return found }
        _ = groups[group].count.add()
        let id = projections.add(Projection(group: group, column: column))
        projectionTable.insert(hash, id)
        _ = projections[id].count.list()
        unusedProjections.append(id)
        return id
    }

    private func counter(_ column: UInt32, _ bucket: UInt32) -> UInt32 {
        counterTable.find(StableHash.ids(column, bucket)) {
            counters[$0].column == column && counters[$0].bucket == bucket
        }
    }

    // MARK: what shows

    /// Whether the column shows the members of the bucket.
    @inline(__always)
    func shows(_ column: UInt32, _ bucket: UInt32) -> Bool {
        let record = columns[column]
        if record.uses == 0 || bucket == 0 { return false }
        if record.counted { return counter(column, bucket) != 0 }
        let group = projections[record.projections].group
        let ofBucket = buckets[bucket].groups
        let ofGroup = groups[group].buckets
        return ofBucket.count <= ofGroup.count ? vecs.contains(ofBucket, group) : vecs.contains(ofGroup, bucket)
    }

    func findHolder(_ facet: UInt32, _ value: UInt32) -> UInt32 {
        holderTable.find(StableHash.ids(facet, value)) { holders[$0].facet == facet && holders[$0].value == value }
    }

    /// Whether groups show the value in the column, not looking at one object.
    func shows(_ column: UInt32, value: UInt32, without slot: UInt32 = 0) -> Bool {
        guard columns[column].uses > 0 else { return false }
        let holder = findHolder(columns[column].facet, value)
        guard holder != 0 else { return false }
        let list = holders[holder].slots
        for i in 0..<list.count {
            let other = vecs[list, i]
            if other != slot && shows(column, slots[other].bucket) { return true }
        }
        return false
    }

    func isExplicit(_ place: UInt32, _ value: UInt32) -> Bool {
        let fact = findFact(place, value)
        return fact != 0 && facts[fact].count.uses > 0
    }

    func log(_ place: UInt32, _ value: UInt32, _ sign: Int32) {
        if isHandedOver { journal.append(JournalEntry(key: UInt64(place) << 32 | UInt64(value), sign: sign)) }
    }

    // MARK: buckets come and go

    /// Called before the bucket is in the group.
    func enter(_ column: UInt32, _ bucket: UInt32) {
        if columns[column].counted {
            let counter = counter(column, bucket)
            if counter != 0 {
                counters[counter].count += 1
                return
            }
            logBucket(column, bucket, 1)
            addCounter(column, bucket)
        } else {
            logBucket(column, bucket, 1)
        }
    }

    private func addCounter(_ column: UInt32, _ bucket: UInt32) {
        let id = counters.add(Counter(column: column, bucket: bucket, count: 1))
        counterTable.insert(StableHash.ids(column, bucket), id)
    }

    /// Called while the bucket is still in the group.
    func exit(_ column: UInt32, _ bucket: UInt32) {
        if columns[column].counted {
            let counter = counter(column, bucket)
            assert(counter != 0, "a bucket leaves a column that it is not in")
            counters[counter].count -= 1
            if counters[counter].count > 0 { return }
            logBucket(column, bucket, -1)
            counterTable.remove(StableHash.ids(column, bucket), counter)
            counters.remove(counter)
        } else {
            logBucket(column, bucket, -1)
        }
    }

    /// Journals what a whole bucket shows alone; the lowest holder in the bucket speaks for the others.
    private func logBucket(_ column: UInt32, _ bucket: UInt32, _ sign: Int32) {
        guard isHandedOver else { return }
        let place = columns[column].place
        let facet = facets[Int(columns[column].facet)]
        let members = buckets[bucket].members
        for i in 0..<members.count {
            let slot = vecs[members, i]
            let list = facet.values[slot]
            for j in 0..<list.count {
                let value = vecs[list, j]
                guard speaks(slot, column, facet.id, value, within: { $0 == bucket }), !isExplicit(place, value) else {
                    continue
                }
                log(place, value, sign)
            }
        }
    }

    /// No other object in `within` with a lower slot has the value, and none outside shows it.
    private func speaks(
        _ slot: UInt32, _ column: UInt32, _ facet: UInt32, _ value: UInt32, within: (UInt32) -> Bool
    ) -> Bool {
        let list = holders[findHolder(facet, value)].slots
        if list.count == 1 { return true }
        for i in 0..<list.count {
            let other = vecs[list, i]
            if other == slot { continue }
            let bucket = slots[other].bucket
            if within(bucket) { if other < slot { return false } } else if shows(column, bucket) { return false }
        }
        return true
    }

    // MARK: projections come and go

    func attach(_ id: UInt32) {
        let group = projections[id].group
        let column = projections[id].column
        if columns[column].uses == 0 {
            logGroup(column, group, 1)
            link(id)
            return
        }
        if !columns[column].counted {
            let first = groups[projections[columns[column].projections].group].buckets
            columns[column].counted = true
            for i in 0..<first.count { addCounter(column, vecs[first, i]) }
        }
        link(id)
        let list = groups[group].buckets
        for i in 0..<list.count { enter(column, vecs[list, i]) }
    }

    func detach(_ id: UInt32) {
        let group = projections[id].group
        let column = projections[id].column
        let list = groups[group].buckets
        if columns[column].counted {
            for i in 0..<list.count { exit(column, vecs[list, i]) }
            unlink(id)
            if columns[column].uses == 0 { columns[column].counted = false }
        } else {
            unlink(id)
            logGroup(column, group, -1)
        }
    }

    /// Journals what the only group of a column shows, while the column itself has none.
    private func logGroup(_ column: UInt32, _ group: UInt32, _ sign: Int32) {
        guard isHandedOver else { return }
        assert(columns[column].uses == 0)
        let place = columns[column].place
        let facet = facets[Int(columns[column].facet)]
        let list = groups[group].buckets
        for i in 0..<list.count {
            let members = buckets[vecs[list, i]].members
            for j in 0..<members.count {
                let slot = vecs[members, j]
                let values = facet.values[slot]
                for k in 0..<values.count {
                    let value = vecs[values, k]
                    guard
                        speaks(slot, column, facet.id, value, within: { $0 != 0 && vecs.contains(list, $0) }),
                        !isExplicit(place, value)
                    else { continue }
                    log(place, value, sign)
                }
            }
        }
    }

    private func link(_ id: UInt32) {
        let group = projections[id].group
        let column = projections[id].column
        let nextOfGroup = groups[group].projections
        projections[id].nextOfGroup = nextOfGroup
        if nextOfGroup != 0 { projections[nextOfGroup].previousOfGroup = id }
        groups[group].projections = id
        let nextOfColumn = columns[column].projections
        projections[id].nextOfColumn = nextOfColumn
        if nextOfColumn != 0 { projections[nextOfColumn].previousOfColumn = id }
        columns[column].projections = id
        columns[column].uses += 1
        facets[Int(columns[column].facet)].projections += 1
    }

    private func unlink(_ id: UInt32) {
        let record = projections[id]
        if record.previousOfGroup != 0 {
            projections[record.previousOfGroup].nextOfGroup = record.nextOfGroup
        } else {
            groups[record.group].projections = record.nextOfGroup
        }
        if record.nextOfGroup != 0 { projections[record.nextOfGroup].previousOfGroup = record.previousOfGroup }
        if record.previousOfColumn != 0 {
            projections[record.previousOfColumn].nextOfColumn = record.nextOfColumn
        } else {
            columns[record.column].projections = record.nextOfColumn
        }
        if record.nextOfColumn != 0 { projections[record.nextOfColumn].previousOfColumn = record.previousOfColumn }
        projections[id].nextOfGroup = 0
        projections[id].previousOfGroup = 0
        projections[id].nextOfColumn = 0
        projections[id].previousOfColumn = 0
        columns[record.column].uses -= 1
        facets[Int(columns[record.column].facet)].projections -= 1
        if columns[record.column].uses == 0 { listIfUnused(column: record.column) }
    }
}
