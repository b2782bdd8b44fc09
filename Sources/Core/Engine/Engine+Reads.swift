/// What cells read.
extension Engine {
    /// The module did what it must not: the run does not count, and the fault is reported.
    func fault(_ message: @autoclosure () -> String) {
        if run.fault == nil { run.fault = message() }
    }

    func remark(_ rejection: Rejection) {
        if !run.remarks.contains(rejection) { run.remarks.append(rejection) }
    }

    private func check(read kind: KindInfo) {
        let known = run.module.mayRead
        if Int(kind.id) < known.count && known[Int(kind.id)] { return }
        fault("reads \(kind.name), which the manifest of \(run.module.name) does not list")
    }

    func read<K: Kind>(_: K.Type, _ namespace: String, _ name: String) -> K? {
        let kind = kindInfo(K.self)
        check(read: kind)
        let slot = slot(kind, namespace, name)
        scratch.reads.append(Read.slot | slot)
        return bodies[slot]?.typed(K.self)
    }

    func use<K: Kind>(groupOf: K.Type, _ scope: Scope, _ selector: LabelSelector, _ terms: [Term<K>]) -> UInt64 {
        let kind = kindInfo(K.self)
        check(read: kind)
        for term in terms where !kind.terms.contains(where: { $0.name == term.name }) {
            fault("selects \(kind.name) by term \(term.name), which the kind does not declare")
        }
        let place: GroupScope
        switch scope {
        case .everywhere: place = .everywhere
        case .namespace(let name): place = .namespace(atoms.intern(name))
        case .namespaces(let namespaces): place = namespaceScope(namespaces)
        }
        let group = group(kind, place, self.selector(selector, terms.map { $0.name }))
        scratch.tokens.append(Token.group | group)
        return groups[group].name
    }

    private func namespaceScope(_ selector: LabelSelector) -> GroupScope {
        guard namespaceKind != .max else {
            fault("selects by namespaces, but nothing brings the kind Namespace; list it in the manifest's reads")
            return .everywhere
        }
        return .namespaces(group(kinds[Int(namespaceKind)], .everywhere, self.selector(selector, [])))
    }

    /// The group of that name; it stays while the cell uses it.
    func use(_ name: GroupName) -> UInt32 {
        let group = findGroup(name.hash)
        if group == 0 {
            fault("uses group \(name), which does not exist; groups are made by group(of:)")
        } else {
            scratch.tokens.append(Token.group | group)
        }
        return group
    }

    func readEmptiness(_ name: GroupName) -> Bool {
        let group = use(name)
        guard group != 0 else { return false }
        scratch.reads.append(Read.emptiness | group)
        return groups[group].members > 0
    }

    func readMembers<K: Kind>(_: K.Type, _ name: GroupName) -> [K] {
        let group = use(name)
        guard group != 0 else { return [] }
        scratch.reads.append(Read.members | group)
        var list: [(namespace: UInt32, name: UInt32, slot: UInt32)] = []
        let held = groups[group].buckets
        for i in 0..<held.count {
            let bucket = vecs[held, i]
            let namespace = spaces[buckets[bucket].space].namespace
            let members = buckets[bucket].members
            for j in 0..<members.count {
                let slot = vecs[members, j]
                scratch.reads.append(Read.slot | slot)
                list.append((namespace, slots[slot].name, slot))
            }
        }
        list.sort { a, b in
            a.namespace == b.namespace ? atoms.precedes(a.name, b.name) : atoms.precedes(a.namespace, b.namespace)
        }
        return list.compactMap { bodies[$0.slot]?.typed(K.self) }
    }

    func readCompleteness<K: Kind>(_: K.Type) -> Bool {
        let kind = kindInfo(K.self)
        check(read: kind)
        scratch.reads.append(Read.signal | kind.signal)
        return kind.isComplete
    }

    func hold(_ pool: Pool, _ key: String, _ hint: Int?) throws(Rejection) -> Int? {
        let id = ask(pool, key, hint, isClaim: false)
        switch allocations[id].state {
        case .served: return allocations[id].value
        case .waiting: return nil
        case .exhausted:
            throw Rejection(
                "PoolExhausted",
                "pool \(pool.name) has no value left of \(pool.range.lowerBound) to \(pool.range.upperBound)")
        }
    }

    func claim(_ pool: Pool, _ key: String, _ value: Int) -> Pool.Claim {
        let id = ask(pool, key, value, isClaim: true)
        switch allocations[id].state {
        case .served: return .given(allocations[id].value)
        case .waiting: return .waiting
        case .exhausted:
            let holder = pools[Int(allocations[id].pool)].taken[value]
            return .taken(by: holder.map { atoms.text(allocations[$0].key) } ?? "")
        }
    }

    private func ask(_ pool: Pool, _ key: String, _ hint: Int?, isClaim: Bool) -> UInt32 {
        let id = allocation(pool, key)
        scratch.tokens.append(Token.allocation | id)
        scratch.reads.append(Read.signal | allocations[id].signal)
        let isOther = allocations[id].isClaim != isClaim || (isClaim && allocations[id].hint != hint)
        if isOther, allocations[id].state == .exhausted {
            // Refused was another question.
            allocations[id].state = .waiting
            poolsWaiting = true
        }
        allocations[id].isClaim = isClaim
        if let hint {
            allocations[id].hint = hint
            allocations[id].hasHint = true
        }
        return id
    }
}
