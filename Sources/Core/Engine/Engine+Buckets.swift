/// Label sets, buckets, and which groups a bucket is in.
extension Engine {
    /// The id of a label pair; a term is a pair whose key cannot be a label's.
    func pair(_ key: String, _ value: String) -> UInt32 {
        let keyAtom = atoms.intern(key)
        let valueAtom = atoms.intern(value)
        let (id, isNew) = withUnsafeBytes(of: UInt64(keyAtom) << 32 | UInt64(valueAtom)) { pairs.intern($0) }
        if isNew {
            atoms.retain(keyAtom)
            atoms.retain(valueAtom)
        }
        return id
    }

    static func termKey(_ name: String) -> String { "\u{1}\(name)" }

    func key(ofPair pair: UInt32) -> UInt32 { pairs.words(pair)[1] }

    func labelSet(of body: Body, _ kind: KindInfo) -> UInt32 {
        let words = scratch.words
        words.removeAll()
        for (key, value) in body.labels { words.append(pair(key, value)) }
        for term in kind.terms where term.holds(body) { words.append(pair(Self.termKey(term.name), "")) }
        words.sortUnique()
        let (id, isNew) = labelSets.intern(UnsafeRawBufferPointer(words.elements))
        if isNew {
            for pair in words.elements { pairs.retain(pair) }
        }
        return id
    }

    func bucket(_ space: UInt32, _ labels: UInt32) -> UInt32 {
        let hash = StableHash.ids(space, labels)
        let found = bucketTable.find(hash) { buckets[$0].space == space && buckets[$0].labels == labels }
        if found != 0 { return found }
        labelSets.retain(labels)
        let id = buckets.add(Bucket(space: space, labels: labels))
        bucketTable.insert(hash, id)
        vecs.insertSorted(&spaces[space].buckets, id)
        findGroups(ofNewBucket: id)
        return id
    }

    /// Asks the anchors once per label and once for none, in every scope that holds the bucket's namespace.
    private func findGroups(ofNewBucket bucket: UInt32) {
        let space = spaces[buckets[bucket].space]
        findGroups(bucket, space.kind, .everywhere)
        findGroups(bucket, space.kind, .namespace(space.namespace))
        guard namespaceKind != .max, space.kind != namespaceKind else { return }
        let clusterSpace = findSpace(namespaceKind, atoms.find(""))
        let object = clusterSpace == 0 ? 0 : findSlot(clusterSpace, space.namespace)
        guard object != 0, slots[object].bucket != 0 else { return }
        let holding = buckets[slots[object].bucket].groups
        for i in 0..<holding.count {
            let group = vecs[holding, i]
            if !groups[group].dependents.isEmpty { findGroups(bucket, space.kind, .namespaces(group)) }
        }
    }

    private func findGroups(_ bucket: UInt32, _ kind: UInt32, _ scope: GroupScope) {
        joinMatching(bucket, kind, scope, 0)
        let labels = buckets[bucket].labels
        for i in labelSets.words(labels).indices { joinMatching(bucket, kind, scope, labelSets.words(labels)[i]) }
    }

    private func joinMatching(_ bucket: UInt32, _ kind: UInt32, _ scope: GroupScope, _ pair: UInt32) {
        let anchor = findAnchor(kind, scope, pair)
        guard anchor != 0 else { return }
        let list = anchors[anchor].groups
        for i in 0..<list.count {
            let group = vecs[list, i]
            if matches(groups[group].selector, bucket) { join(bucket, group) }
        }
    }

    /// A whole bucket becomes part of a group.
    func join(_ bucket: UInt32, _ group: UInt32) {
        assert(!vecs.contains(buckets[bucket].groups, group))
        var projection = groups[group].projections
        while projection != 0 {
            enter(projections[projection].column, bucket)
            projection = projections[projection].nextOfGroup
        }
        vecs.insertSorted(&buckets[bucket].groups, group)
        vecs.insertSorted(&groups[group].buckets, bucket)
        membersChanged(group, bucket, by: Int(buckets[bucket].members.count))
    }

    /// A whole bucket leaves a group.
    func leave(_ bucket: UInt32, _ group: UInt32) {
        var projection = groups[group].projections
        while projection != 0 {
            exit(projections[projection].column, bucket)
            projection = projections[projection].nextOfGroup
        }
        vecs.removeSorted(&buckets[bucket].groups, group)
        vecs.removeSorted(&groups[group].buckets, bucket)
        membersChanged(group, bucket, by: -Int(buckets[bucket].members.count))
    }

    private func membersChanged(_ group: UInt32, _ bucket: UInt32, by difference: Int) {
        guard difference != 0 else { return }
        tell(group, difference)
        let members = buckets[bucket].members
        for i in 0..<members.count {
            let slot = vecs[members, i]
            reconcileChildren(of: group, slot)
            namespaceMoved(slot, group, entered: difference > 0)
        }
    }

    /// Counts members and wakes those who asked.
    func tell(_ group: UInt32, _ difference: Int) {
        let before = groups[group].members
        let after = UInt32(Int(before) + difference)
        groups[group].members = after
        wake(readers: groups[group].memberReaders)
        if (before == 0) != (after == 0) { wake(readers: groups[group].emptinessReaders) }
    }

    func reconcileChildren(of group: UInt32, _ slot: UInt32) {
        var subscription = groups[group].subscriptions
        while subscription != 0 {
            work.append(WorkItem(what: .cell, subscription: subscription, slot: slot))
            subscription = subscriptions[subscription].nextOfGroup
        }
    }

    /// A namespace came into or went out of a group of namespaces: its buckets follow as a whole.
    func namespaceMoved(_ slot: UInt32, _ group: UInt32, entered: Bool) {
        let dependents = groups[group].dependents
        guard !dependents.isEmpty else { return }
        for i in 0..<dependents.count {
            let dependent = vecs[dependents, i]
            let space = findSpace(groups[dependent].kind, slots[slot].name)
            guard space != 0 else { continue }
            let list = spaces[space].buckets
            for j in 0..<list.count {
                let bucket = vecs[list, j]
                guard matches(groups[dependent].selector, bucket) else { continue }
                if entered { join(bucket, dependent) } else { leave(bucket, dependent) }
            }
        }
    }
}
