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
    // By place: the slot (0 when the change was taken out), and the body beside it.
    private let slots = Stack<UInt32>()
    private let bodies = References<Body>()
    private var listings: [(place: Int, feed: String)] = []
    private var first = 0

    func destroy() {
        slots.destroy()
        bodies.destroy()
    }

    var isEmpty: Bool { urgent.isEmpty && first == slots.count }

    func isUrgent(_ slot: UInt32) -> Bool { urgent.contains { $0.slot == slot } }

    /// Returns the place by which the change can be replaced or taken.
    func add(_ slot: UInt32, _ body: Body?) -> UInt32 {
        slots.append(slot)
        bodies[UInt32(slots.count)] = body
        return UInt32(slots.count)
    }

    func replace(_ place: UInt32, _ body: Body?) { bodies[place] = body }

    func addUrgent(_ slot: UInt32, _ body: Body?) { urgent.append(Item(slot: slot, body: body)) }

    /// Takes a waiting change out; its body, and nil when the object is gone.
    func take(_ place: UInt32) -> Body? {
        let body = bodies[place]
        bodies[place] = nil
        slots[Int(place) - 1] = 0
        return body
    }

    func add(listed feed: String) {
        slots.append(0)
        listings.append((slots.count, feed))
    }

    /// All that is urgent, and up to `slice` bulk changes.
    func next(_ slice: Int, _ take: (Item) -> Void) {
        let before = urgent
        urgent.removeAll()
        before.forEach(take)
        var taken = 0
        while first < slots.count && taken < slice {
            first += 1
            let slot = slots[first - 1]
            if slot != 0 {
                taken += 1
                take(Item(slot: slot, body: self.take(UInt32(first))))
            } else if listings.first?.place == first {
                take(Item(slot: 0, listed: listings.removeFirst().feed))
            }
        }
        if first == slots.count {
            slots.removeAll()
            bodies.removeAll()
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
