/// Selectors and groups.
extension Engine {
    private enum Operation {
        static let anyOf: UInt32 = 0
        static let noneOf: UInt32 = 1
        static let exists: UInt32 = 2
        static let absent: UInt32 = 3
    }

    /// The id of a selector with terms. Its text decides names, so it holds nothing that depends on the order of events.
    func selector(_ selector: LabelSelector, _ terms: [String]) -> UInt32 {
        let bytes = scratch.bytes
        bytes.removeAll()
        /// With its length: two selectors never have the same bytes, whatever somebody writes into a label.
        func append(_ text: String) {
            bytes.append(word: UInt32(text.utf8.count))
            bytes.append(text: text)
        }
        for requirement in selector.requirements {
            switch requirement.operator {
            case .in: bytes.append(2)
            case .notIn: bytes.append(3)
            case .exists: bytes.append(4)
            case .doesNotExist: bytes.append(5)
            }
            append(requirement.key)
            bytes.append(word: UInt32(requirement.values.count))
            for value in requirement.values { append(value) }
        }
        for term in terms.sorted() {
            bytes.append(1)
            append(term)
        }
        let (id, isNew) = selectors.intern(bytes.bytes)
        if isNew { compile(id, selector, terms) }
        return id
    }

    private func compile(_ id: UInt32, _ selector: LabelSelector, _ terms: [String]) {
        let words = scratch.words
        words.removeAll()
        func require(_ operation: UInt32, _ key: String, _ values: [String]) {
            words.append(operation)
            let atom = atoms.intern(key)
            atoms.retain(atom)
            words.append(atom)
            words.append(UInt32(values.count))
            for value in values {
                let pair = pair(key, value)
                pairs.retain(pair)
                words.append(pair)
            }
        }
        for requirement in selector.requirements {
            switch requirement.operator {
            case .in: require(Operation.anyOf, requirement.key, requirement.values)
            case .notIn: require(Operation.noneOf, requirement.key, requirement.values)
            case .exists: require(Operation.exists, requirement.key, [])
            case .doesNotExist: require(Operation.absent, requirement.key, [])
            }
        }
        for term in terms.sorted() { require(Operation.anyOf, Self.termKey(term), [""]) }
        var program = Vec()
        vecs.replace(&program, with: words.elements)
        programs[id] = program
    }

    func forget(selector id: UInt32) {
        var program = programs[id]
        vecs.read(program) { words in
            var at = 0
            while at < words.count {
                atoms.release(words[at + 1])
                for i in 0..<Int(words[at + 2]) { pairs.release(words[at + 3 + i]) }
                at += 3 + Int(words[at + 2])
            }
        }
        vecs.clear(&program)
        programs[id] = Vec()
    }

    func matches(_ selector: UInt32, _ bucket: UInt32) -> Bool {
        let labels = labelSets.words(buckets[bucket].labels)
        return vecs.read(programs[selector]) { program in
            var at = 0
            while at < program.count {
                let end = at + 3 + Int(program[at + 2])
                let holds: Bool
                switch program[at] {
                case Operation.anyOf: holds = program[at + 3..<end].contains { labels.contains($0) }
                case Operation.noneOf: holds = !program[at + 3..<end].contains { labels.contains($0) }
                case Operation.exists: holds = labels.contains { key(ofPair: $0) == program[at + 1] }
                default: holds = !labels.contains { key(ofPair: $0) == program[at + 1] }
                }
                if !holds { return false }
                at = end
            }
            return true
        }
    }

    /// The label pair that every member has, for the index; a label before a term, 0 for none.
    private func anchorPair(_ selector: UInt32) -> UInt32 {
        vecs.read(programs[selector]) { program in
            var at = 0
            while at < program.count {
                if program[at] == Operation.anyOf && program[at + 2] == 1 { return program[at + 3] }
                at += 3 + Int(program[at + 2])
            }
            return 0
        }
    }

    func findAnchor(_ kind: UInt32, _ scope: GroupScope, _ pair: UInt32) -> UInt32 {
        anchorTable.find(StableHash.ids(kind, scope.raw, pair)) {
            anchors[$0].kind == kind && anchors[$0].scope == scope.raw && anchors[$0].pair == pair
        }
    }

    // MARK: groups

    func group(_ kind: KindInfo, _ scope: GroupScope, _ selector: UInt32) -> UInt32 {
        var name = contentName(kind, scope, selector)
        while case let found = findGroup(name), found != 0 {
            let record = groups[found]
            if record.kind == kind.id && record.scope == scope && record.selector == selector { return found }
            name = StableHash.mix(name &+ 1)
        }
        selectors.retain(selector)
        let id = groups.add(
            GroupRecord(
                kind: kind.id, scope: scope, selector: selector, nameHigh: UInt32(name >> 32),
                nameLow: UInt32(truncatingIfNeeded: name)))
        groupNames.insert(UInt32(truncatingIfNeeded: name), id)
        _ = groups[id].count.list()
        unusedGroups.append(id)
        switch scope.tag {
        case 1: atoms.retain(scope.id)
        case 2:
            _ = groups[scope.id].count.add()
            vecs.insertSorted(&groups[scope.id].dependents, id)
        default: break
        }
        addAnchor(id)
        scan(id)
        return id
    }

    /// From texts alone, so that it is the same in every process.
    private func contentName(_ kind: KindInfo, _ scope: GroupScope, _ selector: UInt32) -> UInt64 {
        var name = StableHash.combine(kind.hash, UInt64(scope.tag))
        switch scope.tag {
        case 1: name = StableHash.combine(name, StableHash.bytes(atoms.bytes(scope.id)))
        case 2: name = StableHash.combine(name, groups[scope.id].name)
        default: break
        }
        return StableHash.combine(name, StableHash.bytes(selectors.bytes(selector)))
    }

    func findGroup(_ name: UInt64) -> UInt32 {
        groupNames.find(UInt32(truncatingIfNeeded: name)) { groups[$0].name == name }
    }

    private func addAnchor(_ id: UInt32) {
        let record = groups[id]
        let pair = anchorPair(record.selector)
        var anchor = findAnchor(record.kind, record.scope, pair)
        if anchor == 0 {
            anchor = anchors.add(Anchor(kind: record.kind, scope: record.scope.raw, pair: pair))
            anchorTable.insert(StableHash.ids(record.kind, record.scope.raw, pair), anchor)
        }
        groups[id].anchor = anchor
        vecs.insertSorted(&anchors[anchor].groups, id)
    }

    /// Finds the buckets of a new group.
    private func scan(_ id: UInt32) {
        let record = groups[id]
        let kind = kinds[Int(record.kind)]
        switch record.scope.tag {
        case 0:
            for i in 0..<kind.spaces.count { scan(id, space: vecs[kind.spaces, i]) }
        case 1:
            scan(id, space: findSpace(record.kind, record.scope.id))
        default:
            let list = groups[record.scope.id].buckets
            for i in 0..<list.count {
                let members = buckets[vecs[list, i]].members
                for j in 0..<members.count { scan(id, space: findSpace(record.kind, slots[vecs[members, j]].name)) }
            }
        }
    }

    private func scan(_ id: UInt32, space: UInt32) {
        guard space != 0 else { return }
        let list = spaces[space].buckets
        for i in 0..<list.count where matches(groups[id].selector, vecs[list, i]) { join(vecs[list, i], id) }
    }

    func free(group id: UInt32) {
        let record = groups[id]
        assert(record.projections == 0 && record.subscriptions == 0)
        while groups[id].buckets.count > 0 { leave(vecs[groups[id].buckets, groups[id].buckets.count - 1], id) }
        vecs.removeSorted(&anchors[record.anchor].groups, id)
        if anchors[record.anchor].groups.isEmpty {
            let anchor = anchors[record.anchor]
            anchorTable.remove(StableHash.ids(anchor.kind, anchor.scope, anchor.pair), record.anchor)
            anchors.remove(record.anchor)
        }
        switch record.scope.tag {
        case 1: atoms.release(record.scope.id)
        case 2:
            vecs.removeSorted(&groups[record.scope.id].dependents, id)
            dropGroup(record.scope.id)
        default: break
        }
        groupNames.remove(UInt32(truncatingIfNeeded: record.name), id)
        selectors.release(record.selector)
        groups.remove(id)
    }

    func dropGroup(_ id: UInt32) {
        if groups[id].count.drop() { listIfUnused(group: id) }
    }

    func listIfUnused(group id: UInt32) {
        let record = groups[id]
        guard record.count.uses == 0, record.emptinessReaders == 0, record.memberReaders == 0 else { return }
        if groups[id].count.list() { unusedGroups.append(id) }
    }
}
