/// What waits for a turn: attachments, and bulk changes in the order of their objects' first news.
///
/// A slot knows the place of its waiting change, so the newest replaces the one before it at no cost.
final class Intake {
    /// A change of a slot; without a body the object is gone. Slot 0: the feed has listed.
    struct Item {
        var slot: UInt32
        var body: Body?
        var listed: String?
    }

    private var urgent: [Item] = []
    private var bulk: [Item] = []
    private var first = 0

    var isEmpty: Bool { urgent.isEmpty && first == bulk.count }

    func isUrgent(_ slot: UInt32) -> Bool { urgent.contains { $0.slot == slot } }

    /// Returns the place by which the change can be replaced or taken.
    func add(_ slot: UInt32, _ body: Body?) -> UInt32 {
        bulk.append(Item(slot: slot, body: body))
        return UInt32(bulk.count)
    }

    func replace(_ place: UInt32, _ body: Body?) { bulk[Int(place) - 1].body = body }

    func addUrgent(_ slot: UInt32, _ body: Body?) { urgent.append(Item(slot: slot, body: body)) }

    /// Takes a waiting change out; its body, and nil when the object is gone.
    func take(_ place: UInt32) -> Body? {
        defer { bulk[Int(place) - 1] = Item(slot: 0) }
        return bulk[Int(place) - 1].body
    }

    func add(listed feed: String) { bulk.append(Item(slot: 0, listed: feed)) }

    /// All that is urgent, and up to `slice` bulk changes.
    func next(_ slice: Int, _ take: (Item) -> Void) {
        let before = urgent
        urgent.removeAll()
        before.forEach(take)
        var taken = 0
        while first < bulk.count && taken < slice {
            let item = bulk[first]
            bulk[first] = Item(slot: 0)
            first += 1
            if item.slot != 0 { taken += 1 }
            if item.slot != 0 || item.listed != nil { take(item) }
        }
        if first == bulk.count {
            bulk.removeAll(keepingCapacity: bulk.count < 1000)
            first = 0
        }
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
