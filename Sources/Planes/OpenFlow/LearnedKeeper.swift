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
    /// When the last packet came to flows that were put into the switch since: it counts their silence from then on.
    private var heard: [Place: [String: ContinuousClock.Instant]] = [:]
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
            let read = try sink.learned(place.bridge, table: place.table)
            guard try isWhole(place.bridge) else { continue }
            let flows = withSilence(read, place, now)
            let timeouts = timeouts(place)
            let over = flows.filter { flow in
                guard let timeout = timeouts[flow.cookie] else { return true }
                return flow.isOver(after: timeout) || heard[place]?[flow.key] != nil && flow.idle >= timeout
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
                heard[place, default: [:]][flow.key] = now - .seconds(flow.idle)
                return renewed
            }
            if !lines.isEmpty { try sink.change(place.bridge, lines: lines) }
            // A client that comes back begins anew.
            for flow in over { heard[place]?[flow.key] = nil }
            if timeouts.isEmpty { heard[place] = nil }
            seen[place] = timeouts.isEmpty ? nil : (kept, now)
            if left[place] == true { left[place] = nil }
        }
    }

    /// The flows with the seconds since their last packet, also those that the switch has had for a shorter time.
    private func withSilence(
        _ flows: [LearnedFlow], _ place: Place, _ now: ContinuousClock.Instant
    ) -> [LearnedFlow] {
        guard let known = heard[place] else { return flows }
        var left: [String: ContinuousClock.Instant] = [:]
        let all = flows.map { flow in
            guard flow.packets == 0, let last = known[flow.key] else { return flow }
            left[flow.key] = last
            var flow = flow
            flow.idle = Int((now - last) / .seconds(1))
            return flow
        }
        heard[place] = left.isEmpty ? nil : left
        return all
    }

    /// Puts back what a bridge had when it was last looked at, and has no more.
    func restore(_ bridge: String) throws {
        for (place, memory) in seen where place.bridge == bridge && sink.isReachable(bridge) {
            let present = Set(try sink.learned(bridge, table: place.table).map(\.key))
            let seconds = Int((ContinuousClock.now - memory.at) / .seconds(1))
            let timeouts = timeouts(place)
            let lines = memory.flows.compactMap { flow -> String? in
                guard !present.contains(flow.key), let timeout = timeouts[flow.cookie],
                    let line = flow.addition(after: seconds, timeout: timeout)
                else { return nil }
                heard[place, default: [:]][flow.key] = memory.at - .seconds(flow.idle)
                return line
            }
            if !lines.isEmpty { try sink.change(bridge, lines: lines) }
        }
    }
}
