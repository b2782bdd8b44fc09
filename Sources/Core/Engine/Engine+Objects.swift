/// Questions about objects, for commands and the CNI socket.
extension Engine {
    public func object<K: Kind>(_: K.Type, _ namespace: String = "", _ name: String) -> K? {
        let slot = findSlot(ObjectID(kind: K.kind, namespace: namespace, name: name))
        return slot == 0 ? nil : bodies[slot]?.typed(kindInfo(K.self), K.self)
    }

    public func object(_ id: ObjectID) -> (any Kind)? {
        let slot = findSlot(id)
        return slot == 0 ? nil : bodies[slot]?.object
    }

    /// The objects that are there, sorted by identity; of one kind if named.
    public func objects(kind name: String? = nil) -> [any Kind] {
        var list: [any Kind] = []
        for kind in kinds.sorted(by: { $0.name < $1.name }) where name == nil || kind.name == name {
            var slots: [(ObjectID, any Kind)] = []
            forEachObject(of: kind) { slot in
                if let body = bodies[slot] { slots.append((body.id, body.object)) }
            }
            list.append(contentsOf: slots.sorted { $0.0 < $1.0 }.map(\.1))
        }
        return list
    }

    /// Whether the object's cells have run and every attached plane has confirmed what came of it; also what came of
    /// the objects that they published.
    public func isSettled(_ id: ObjectID) -> Bool {
        if !isHandedOver || !queue.isEmpty || !work.isEmpty { return false }
        if planes.contains(where: { $0.isAttached && !$0.hasFirst }) { return false }
        let slot = findSlot(id)
        guard slot != 0 else { return true }
        if slots[slot].waiting != 0 || intake.isUrgent(slot) { return false }
        var newest: UInt32 = 0
        collectTurns(slot, &newest, depth: 0)
        guard newest > 0 else { return true }
        let turn = UInt64(newest - 1)
        return planes.allSatisfy { plane in
            !plane.isAttached || !plane.pending.contains { $0 <= max(turn, plane.firstTurn) }
        }
    }

    private func collectTurns(_ slot: UInt32, _ newest: inout UInt32, depth: Int) {
        newest = max(newest, slots[slot].turn)
        guard depth < 8 else { return }
        var cell = slots[slot].cells
        while cell != 0 {
            newest = max(newest, cells[cell].turn)
            let list = cells[cell].publications
            for i in 0..<list.count { collectTurns(publications[vecs[list, i]].slot, &newest, depth: depth + 1) }
            cell = cells[cell].nextOfSlot
        }
    }

    // MARK: counts

    /// How much of everything there is.
    public struct Counts: Sendable, Equatable {
        public var objects: [String: Int] = [:]
        /// By module.
        public var cells: [String: Int] = [:]
        public var failed = 0
        public var conflicts = 0
        public var groups = 0
        public var buckets = 0
        public var rows = 0
        public var facts = 0
        public var edges = 0
        /// Everything that is kept; 0 when there are no objects and no modules' cells.
        public var records = 0
        public var strings = 0
    }

    public func counts() -> Counts {
        var counts = Counts()
        for kind in kinds where kind.objects > 0 { counts.objects[kind.name] = kind.objects }
        for cell in 1..<max(1, cells.end) where cells[cell].subscription != 0 {
            let module = Int(subscriptions[cells[cell].subscription].module) - 1
            counts.cells[modules[module].name, default: 0] += 1
        }
        counts.failed = failures.count
        counts.conflicts = conflicts.count
        counts.groups = groups.live
        counts.buckets = buckets.live
        for row in 1..<max(1, rows.end) where rows[row].declared > 0 { counts.rows += 1 }
        counts.facts = facts.live
        counts.edges = edges.live
        counts.records =
            slots.live + spaces.live + buckets.live + holders.live + groups.live + anchors.live + rows.live + facts.live
            + columns.live + projections.live + counters.live + cells.live + edges.live + publications.live
            + allocations.live
        counts.strings =
            atoms.live + pairs.live + labelSets.live + selectors.live + values.live + bundles.live
        return counts
    }
}

extension Body {
    func typed<K: Kind>(_ info: KindInfo, _: K.Type) -> K? {
        info.type == ObjectIdentifier(K.self) ? typed(K.self) : nil
    }
}
