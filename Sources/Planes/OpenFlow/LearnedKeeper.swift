import Core
import Model

/// Looks after flows that the switch learns: their time, their end, and their return when a bridge was cleared.
final class LearnedKeeper<Sink: FlowSink> {
    private struct Place: Hashable {
        let bridge: String
        let table: Int
    }

    private let sink: Sink
    private var rows: [RowID: (place: Place, cookie: UInt64, timeout: Int)] = [:]
    private var seen: [Place: (flows: [LearnedFlow], at: ContinuousClock.Instant)] = [:]
    /// Places of whose rows one has changed, and whether the flows that learn have followed: until then what is taken
    /// down may be learned again.
    private var left: [Place: Bool] = [:]

    init(_ sink: Sink) { self.sink = sink }

    var isIdle: Bool { rows.isEmpty && left.isEmpty }

    func take(_ row: RowID, _ content: RowContent?) throws(MalformedRow) {
        if let old = rows.removeValue(forKey: row) { left[old.place] = false }
        guard let content else { return }
        let reader = RowReader(table: row.table, content: content)
        let place = Place(bridge: try reader.string("bridge"), table: try reader.integer("table"))
        let cookie = LearnedFlows.mark | UInt64(UInt32(truncatingIfNeeded: try reader.integer("cookie")))
        rows[row] = (place, cookie, try reader.integer("timeout"))
        left[place] = false
    }

    /// The flows of these bridges are as the rows say.
    func follow(_ isDone: (_ bridge: String) -> Bool) {
        for place in left.keys where isDone(place.bridge) { left[place] = true }
    }

    private func timeouts(_ place: Place) -> [UInt64: Int] {
        Dictionary(rows.values.filter { $0.place == place }.map { ($0.cookie, $0.timeout) }) { first, _ in first }
    }

    private var places: Set<Place> { Set(rows.values.map(\.place)).union(left.keys) }

    /// Takes down what is over. `isWhole` says whether a bridge still had its flows after they were read: only then is
    /// what was read remembered.
    func look(_ isWhole: (String) throws -> Bool) throws {
        for place in places where sink.isReachable(place.bridge) {
            let now = ContinuousClock.now
            let flows = try sink.learned(place.bridge, table: place.table)
            guard try isWhole(place.bridge) else { continue }
            let timeouts = timeouts(place)
            let over = flows.filter { flow in
                timeouts[flow.cookie].map(flow.isOver) ?? true
            }
            var lines = over.map(\.deletion)
            // A client that was known when the timeout changed: it counts for him too.
            let kept = flows.filter { !over.contains($0) }.map { flow in
                guard let timeout = timeouts[flow.cookie], flow.timer != LearnedFlows.timer(for: timeout) else {
                    return flow
                }
                var renewed = flow
                renewed.timer = LearnedFlows.timer(for: timeout)
                renewed.addition(after: 0, timeout: timeout).map { lines.append($0) }
                return renewed
            }
            if !lines.isEmpty { try sink.change(place.bridge, lines: lines) }
            seen[place] = timeouts.isEmpty ? nil : (kept, now)
            if left[place] == true { left[place] = nil }
        }
    }

    /// Puts back what a bridge had when it was last looked at, and has no more.
    func restore(_ bridge: String) throws {
        for (place, memory) in seen where place.bridge == bridge && sink.isReachable(bridge) {
            let present = Set(try sink.learned(bridge, table: place.table).map(\.key))
            let seconds = Int((ContinuousClock.now - memory.at) / .seconds(1))
            let timeouts = timeouts(place)
            let lines = memory.flows.compactMap { flow -> String? in
                guard !present.contains(flow.key), let timeout = timeouts[flow.cookie] else { return nil }
                return flow.addition(after: seconds, timeout: timeout)
            }
            if !lines.isEmpty { try sink.change(bridge, lines: lines) }
        }
    }
}
