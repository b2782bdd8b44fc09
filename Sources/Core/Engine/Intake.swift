/// What waits for a turn: attachments, and bulk changes in the order of their objects' first news.
struct Intake {
    enum Item {
        case change(feed: String, ObjectChange)
        case listed(String)
    }

    private(set) var urgent: [Item] = []
    private var bulk: [Item?] = []
    private var first = 0
    private var places: [ObjectID: Int] = [:]

    var isEmpty: Bool { urgent.isEmpty && first == bulk.count }

    func isWaiting(_ id: ObjectID) -> Bool {
        places[id] != nil || urgent.contains { if case .change(_, let change) = $0 { change.id == id } else { false } }
    }

    /// The newest change of an object replaces the one that waits.
    mutating func add(_ change: ObjectChange, feed: String) {
        let id = change.id
        if let place = places[id] {
            bulk[place] = .change(feed: feed, change)
        } else {
            places[id] = bulk.count
            bulk.append(.change(feed: feed, change))
        }
    }

    mutating func addUrgent(_ change: ObjectChange, feed: String) {
        take(change.id)
        urgent.append(.change(feed: feed, change))
    }

    /// Moves a waiting change before the others.
    mutating func pull(_ id: ObjectID) {
        if let item = take(id) { urgent.append(item) }
    }

    mutating func add(listed feed: String) { bulk.append(.listed(feed)) }

    @discardableResult
    private mutating func take(_ id: ObjectID) -> Item? {
        guard let place = places.removeValue(forKey: id) else { return nil }
        defer { bulk[place] = nil }
        return bulk[place]
    }

    /// All that is urgent, and up to `slice` bulk changes.
    mutating func next(_ slice: Int) -> [Item] {
        var items = urgent
        urgent.removeAll()
        var taken = 0
        while first < bulk.count && taken < slice {
            if let item = bulk[first] {
                items.append(item)
                if case .change(_, let change) = item {
                    places[change.id] = nil
                    taken += 1
                }
                bulk[first] = nil
            }
            first += 1
        }
        if first == bulk.count {
            bulk.removeAll()
            first = 0
        }
        return items
    }
}

/// The cells to run: by stratum, then in the order in which they were woken.
struct CellQueue {
    private static let strata = 8
    private let lists = (0..<CellQueue.strata).map { _ in Stack<UInt32>() }
    private var firsts = [Int](repeating: 0, count: CellQueue.strata)

    func destroy() {
        for list in lists { list.destroy() }
    }

    mutating func append(_ cell: UInt32, stratum: Int) { lists[min(stratum, Self.strata - 1)].append(cell) }

    mutating func next() -> UInt32? {
        for stratum in 0..<Self.strata {
            let list = lists[stratum]
            if firsts[stratum] == list.count { continue }
            let cell = list[firsts[stratum]]
            firsts[stratum] += 1
            if firsts[stratum] == list.count {
                list.removeAll()
                firsts[stratum] = 0
            }
            return cell
        }
        return nil
    }

    var isEmpty: Bool { (0..<Self.strata).allSatisfy { firsts[$0] == lists[$0].count } }
}
