/// A value that some cells hold or wait for.
struct Allocation: BitwiseCopyable {
    enum State: UInt8, BitwiseCopyable { case waiting, served, exhausted }

    var link: UInt32 = 0
    var pool: UInt32
    var key: UInt32
    /// Wakes the cells that hold it.
    var signal: UInt32
    var count = UseCount()
    var state = State.waiting
    var hasHint = false
    /// It is the hint or nothing.
    var isClaim = false
    /// Who held the claimed value when that was told last.
    var holder: UInt32 = 0
    var value = 0
    var hint = 0
}

final class PoolInfo {
    let pool: Pool
    /// The allocation that holds a value.
    var taken: [Int: UInt32] = [:]
    /// Allocations without a value.
    var waiting: [UInt32] = []

    init(_ pool: Pool) { self.pool = pool }

    func isFree(_ value: Int) -> Bool {
        pool.range.contains(value) && !pool.reserved.contains(value) && taken[value] == nil
    }

    /// The first free value from a place that only the key decides.
    func fresh(_ key: UInt64) -> Int? {
        let size = pool.range.upperBound - pool.range.lowerBound + 1
        if taken.count + pool.reserved.count >= size && (pool.range.allSatisfy { !isFree($0) }) { return nil }
        var offset = Int(key % UInt64(size))
        for _ in 0..<size {
            let value = pool.range.lowerBound + offset
            if isFree(value) { return value }
            offset = offset + 1 == size ? 0 : offset + 1
        }
        return nil
    }
}

extension Engine {
    func allocation(_ pool: Pool, _ key: String) -> UInt32 {
        let poolID: UInt32
        if let known = poolByValue[pool] {
            poolID = known
        } else {
            poolID = UInt32(pools.count)
            pools.append(PoolInfo(pool))
            poolByValue[pool] = poolID
        }
        let atom = atoms.intern(key)
        let hash = StableHash.ids(poolID, atom)
        let found = allocationTable.find(hash) { allocations[$0].pool == poolID && allocations[$0].key == atom }
        if found != 0 { return found }
        atoms.retain(atom)
        let signal = signals.add(Signal())
        let id = allocations.add(Allocation(pool: poolID, key: atom, signal: signal))
        signals[signal].owner = id
        allocationTable.insert(hash, id)
        pools[Int(poolID)].waiting.append(id)
        _ = allocations[id].count.list()
        unusedAllocations.append(id)
        poolsWaiting = true
        return id
    }

    func listIfUnused(allocation id: UInt32) {
        guard allocations[id].count.uses == 0 else { return }
        poolsWaiting = true
        if allocations[id].count.list() { unusedAllocations.append(id) }
    }

    func listIfUnused(signal id: UInt32) {
        if signals[id].owner != 0 { listIfUnused(allocation: signals[id].owner) }
    }

    /// When no cell is left to run: gives back what nobody asks for, then serves hints, then fresh values, in the order
    /// of keys.
    func servePools() {
        guard poolsWaiting, feedsHaveListed else { return }
        poolsWaiting = false
        giveBack()
        for info in pools.sorted(by: { $0.pool.name < $1.pool.name }) where !info.waiting.isEmpty { serve(info) }
    }

    private func giveBack() {
        for id in unusedAllocations.elements where allocations[id].count.uses == 0 {
            guard allocations[id].state == .served else { continue }
            allocations[id].state = .waiting
            let info = pools[Int(allocations[id].pool)]
            info.taken[allocations[id].value] = nil
            info.waiting.append(id)
        }
    }

    private func serve(_ info: PoolInfo) {
        let asking = info.waiting.filter { allocations[$0].count.uses > 0 }
            .sorted { atoms.precedes(allocations[$0].key, allocations[$1].key) }
        if let known = recordedAllocations[info.pool] {
            for id in asking {
                if let value = known[atoms.text(allocations[id].key)], info.isFree(value) { give(value, id, info) }
            }
        }
        // A claim comes after the hints, which say what was given out before.
        for isClaim in [false, true] {
            for id in asking
            where allocations[id].state != .served && allocations[id].isClaim == isClaim && allocations[id].hasHint
                && info.isFree(allocations[id].hint)
            {
                give(allocations[id].hint, id, info)
            }
        }
        for id in asking where allocations[id].state != .served && allocations[id].isClaim { refuse(id, info) }
        for id in asking where allocations[id].state != .served && !allocations[id].isClaim {
            if let value = info.fresh(StableHash.bytes(atoms.bytes(allocations[id].key))) {
                give(value, id, info)
            } else if allocations[id].state != .exhausted {
                allocations[id].state = .exhausted
                wake(readers: signals[allocations[id].signal].readers)
            }
        }
        info.waiting.removeAll { allocations[$0].state == .served }
    }

    private func give(_ value: Int, _ id: UInt32, _ info: PoolInfo) {
        info.taken[value] = id
        allocations[id].value = value
        allocations[id].state = .served
        wake(readers: signals[allocations[id].signal].readers)
    }

    private func refuse(_ id: UInt32, _ info: PoolInfo) {
        let holder = info.taken[allocations[id].hint] ?? 0
        guard allocations[id].state != .exhausted || allocations[id].holder != holder else { return }
        allocations[id].state = .exhausted
        allocations[id].holder = holder
        wake(readers: signals[allocations[id].signal].readers)
    }

    /// The values that cells hold now, by pool and key: what a replay takes as `recordedAllocations`.
    public func heldAllocations() -> [Pool: [String: Int]] {
        var result: [Pool: [String: Int]] = [:]
        for info in pools {
            for (value, id) in info.taken { result[info.pool, default: [:]][atoms.text(allocations[id].key)] = value }
        }
        return result
    }

    func free(allocation id: UInt32) {
        let record = allocations[id]
        let info = pools[Int(record.pool)]
        if record.state == .served { info.taken[record.value] = nil } else { info.waiting.removeAll { $0 == id } }
        allocationTable.remove(StableHash.ids(record.pool, record.key), id)
        atoms.release(record.key)
        signals.remove(record.signal)
        allocations.remove(id)
    }
}
