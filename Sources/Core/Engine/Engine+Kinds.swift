/// Kinds, namespaces and identities.
extension Engine {
    func kindInfo<K: Kind>(_: K.Type) -> KindInfo {
        if let info = kindByType[ObjectIdentifier(K.self)] { return info }
        precondition(kindByName[K.kind] == nil, "two types call themselves kind \(K.kind)")
        let info = KindInfo(K.self, id: UInt32(kinds.count), signal: signals.add(Signal()))
        kinds.append(info)
        kindByType.insert(ObjectIdentifier(K.self), info)
        kindByName[K.kind] = info
        if K.kind == "Namespace" { namespaceKind = info.id }
        return info
    }

    func kindInfo(existential type: any Kind.Type) -> KindInfo {
        func open<K: Kind>(_ type: K.Type) -> KindInfo { kindInfo(type) }
        return open(type)
    }

    func body(of object: any Kind) -> (KindInfo, Body) {
        func open<K: Kind>(_ object: K) -> (KindInfo, Body) { (kindInfo(K.self), TypedBody(object)) }
        return open(object)
    }

    // MARK: spaces

    func findSpace(_ kind: UInt32, _ namespace: UInt32) -> UInt32 {
        spaceTable.find(StableHash.ids(kind, namespace)) {
            spaces[$0].kind == kind && spaces[$0].namespace == namespace
        }
    }

    func space(_ kind: KindInfo, _ namespace: String) -> UInt32 {
        let atom = atoms.intern(namespace)
        let found = findSpace(kind.id, atom)
        if found != 0 { return found }
        atoms.retain(atom)
        let id = spaces.add(Space(kind: kind.id, namespace: atom))
        spaceTable.insert(StableHash.ids(kind.id, atom), id)
        vecs.insertSorted(&kind.spaces, id)
        return id
    }

    // MARK: slots

    func findSlot(_ space: UInt32, _ name: UInt32) -> UInt32 {
        slotTable.find(StableHash.ids(space, name)) { slots[$0].space == space && slots[$0].name == name }
    }

    /// The slot of an identity; made if needed, and then without uses.
    func slot(_ kind: KindInfo, _ namespace: String, _ name: String) -> UInt32 {
        let space = space(kind, namespace)
        let atom = atoms.intern(name)
        let found = findSlot(space, atom)
        if found != 0 { return found }
        atoms.retain(atom)
        spaces[space].slots += 1
        let id = slots.add(Slot(space: space, name: atom))
        slotTable.insert(StableHash.ids(space, atom), id)
        listIfUnused(slot: id)
        return id
    }

    /// The slot of an identity that is already known, or 0.
    func findSlot(_ id: ObjectID) -> UInt32 {
        guard let kind = kindByName[id.kind] else { return 0 }
        let namespace = atoms.find(id.namespace)
        let name = atoms.find(id.name)
        guard namespace != 0, name != 0 else { return 0 }
        let space = findSpace(kind.id, namespace)
        return space == 0 ? 0 : findSlot(space, name)
    }

    func kind(ofSlot slot: UInt32) -> KindInfo { kinds[Int(spaces[slots[slot].space].kind)] }

    func identity(ofSlot slot: UInt32) -> ObjectID {
        let space = spaces[slots[slot].space]
        return ObjectID(
            kind: kinds[Int(space.kind)].name, namespace: atoms.text(space.namespace),
            name: atoms.text(slots[slot].name))
    }

    /// Nothing refers to the slot and it has no object.
    func isUnused(slot: UInt32) -> Bool {
        let record = slots[slot]
        return record.bucket == 0 && record.cells == 0 && record.readers == 0 && record.publications == 0
            && record.waiting == 0
    }

    func listIfUnused(slot: UInt32) {
        guard slots[slot].flags & Slot.listed == 0, isUnused(slot: slot) else { return }
        slots[slot].flags |= Slot.listed
        unusedSlots.append(slot)
    }
}
