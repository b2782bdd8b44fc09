/// The scalars and map entries of one contribution, as one interned list of integers: a head (the module's place in
/// the order, and whether the row is declared), then column, key and value of each. Key 0 is a scalar's.
enum Bundle {
    struct Entry: BitwiseCopyable {
        var column: UInt32
        var key: UInt32
        var value: UInt32

        /// Column and key as one number.
        var place: UInt64 { UInt64(column) << 32 | UInt64(key) }
    }

    static func head(module: Int, declares: Bool) -> UInt32 { UInt32(module) << 1 | (declares ? 1 : 0) }
    static func declares(_ words: UnsafeBufferPointer<UInt32>) -> Bool { words[0] & 1 == 1 }
    static func module(_ words: UnsafeBufferPointer<UInt32>) -> Int { Int(words[0] >> 1) }

    static func entries(_ words: UnsafeBufferPointer<UInt32>) -> [Entry] {
        stride(from: 1, to: words.count, by: 3).map {
            Entry(column: words[$0], key: words[$0 + 1], value: words[$0 + 2])
        }
    }
}

/// Two contributions to one scalar or map entry that differ; the first in the modules' order shows.
struct ConflictInfo: Equatable {
    struct Place: Equatable {
        let column: Int
        let key: String?
    }

    var places: [Place]
    /// The bundles that lose somewhere.
    var losers: [UInt32]
    var since: UInt64

    /// Whether it is the same conflict, whenever it began.
    func isSame(as other: ConflictInfo) -> Bool { places == other.places && losers == other.losers }
}

extension Engine {
    /// Interns the entries in scratch as a bundle of the running module.
    func bundle(declares: Bool) -> UInt32 {
        sortEntries()
        let entries = scratch.entries.elements
        let words = scratch.words
        words.removeAll()
        words.append(Bundle.head(module: run.module.index, declares: declares))
        for entry in entries {
            words.append(entry.column)
            words.append(entry.key)
            words.append(entry.value)
        }
        let (id, isNew) = bundles.intern(UnsafeRawBufferPointer(words.elements))
        if isNew {
            for entry in entries {
                if entry.key != 0 { values.retain(entry.key) }
                retain(value: entry.value)
            }
        }
        return id
    }

    /// They come nearly sorted.
    private func sortEntries() {
        let list = scratch.entries
        guard list.count > 1 else { return }
        for i in 1..<list.count {
            let entry = list[i]
            var j = i
            while j > 0 && list[j - 1].place > entry.place {
                list[j] = list[j - 1]
                j -= 1
            }
            list[j] = entry
        }
    }

    func forget(bundle id: UInt32) {
        for entry in Bundle.entries(bundles.words(id)) {
            if entry.key != 0 { values.release(entry.key) }
            release(value: entry.value)
        }
    }

    /// The bundles on a row that are contributed now.
    func liveBundles(_ row: UInt32) -> [UInt32] {
        var list: [UInt32] = []
        var fact = rows[row].bundles
        while fact != 0 {
            if facts[fact].count.uses > 0 { list.append(facts[fact].value) }
            fact = facts[fact].next
        }
        return list
    }

    /// What several bundles add up to: the first in (module, content) gives each column. Reports who lost where.
    func merge(_ list: [UInt32], conflict: ((UInt64, UInt32) -> Void)? = nil) -> [Bundle.Entry] {
        guard let first = list.first else { return [] }
        if list.count == 1 { return Bundle.entries(bundles.words(first)) }
        var result: [Bundle.Entry] = []
        var seen: [UInt64: UInt32] = [:]
        for bundle in list.sorted(by: bundleBefore) {
            for entry in Bundle.entries(bundles.words(bundle)) {
                if let value = seen[entry.place] {
                    if value != entry.value { conflict?(entry.place, bundle) }
                } else {
                    seen[entry.place] = entry.value
                    result.append(entry)
                }
            }
        }
        return result
    }

    /// The order that decides conflicts. It looks at contents, never at ids, which depend on the order of events.
    private func bundleBefore(_ a: UInt32, _ b: UInt32) -> Bool {
        let x = bundles.words(a)
        let y = bundles.words(b)
        if Bundle.module(x) != Bundle.module(y) { return Bundle.module(x) < Bundle.module(y) }
        let left = described(Bundle.entries(x))
        let right = described(Bundle.entries(y))
        for (p, q) in zip(left, right) {
            if p.column != q.column { return p.column < q.column }
            if p.key != q.key { return p.key < q.key }
            if p.value != q.value { return p.value < q.value }
        }
        return left.count < right.count
    }

    private func described(_ entries: [Bundle.Entry]) -> [(column: UInt32, key: String, value: Value)] {
        entries.map { ($0.column, $0.key == 0 ? "" : text(ofValue: $0.key), content(ofValue: $0.value)) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }

    // MARK: conflicts

    /// Remembers to look for conflicts on a row when the turn ends.
    func touched(bundlesOf row: UInt32) {
        let first = rows[row].bundles
        guard first != 0 else { return }
        if facts[first].next != 0 || conflicts[row] != nil { conflictChecks.append(row) }
    }

    func checkConflicts() {
        conflictChecks.sortUnique()
        for row in conflictChecks.elements { checkConflict(row) }
        conflictChecks.removeAll()
    }

    private func checkConflict(_ row: UInt32) {
        let old = conflicts[row]
        var info = ConflictInfo(places: [], losers: [], since: turnNumber)
        let list = liveBundles(row)
        if list.count > 1 {
            _ = merge(list) { place, bundle in
                let key = UInt32(truncatingIfNeeded: place)
                let found = ConflictInfo.Place(
                    column: Int(place >> 32), key: key == 0 ? nil : self.text(ofValue: key))
                if !info.places.contains(found) { info.places.append(found) }
                if !info.losers.contains(bundle) { info.losers.append(bundle) }
            }
        }
        let new = info.places.isEmpty ? nil : info
        if let old, let new, old.isSame(as: new) { return }
        guard old != nil || new != nil else { return }
        if let old { info.since = old.since }
        conflicts[row] = new == nil ? nil : info
        problemsChanged = true
    }
}
