import Core

/// The flows of one bridge: what is desired, what is there, and how the one becomes the other.
struct BridgeTable {
    /// The mark of our flows in the upper half of the cookie: "oven".
    static let mark: UInt64 = 0x6f76_656e << 32
    static let mask: UInt64 = 0xffff_ffff << 32
    /// What a bridge of the switch does of itself.
    private static let standalone = (
        FlowKey(table: 0, priority: 0, match: ""), FlowBody(actions: "NORMAL", cookie: 0)
    )

    let name: String
    /// All flows of the bridge are ours, whatever their cookie.
    let isOwned: Bool
    /// The flows as they are now, as far as they are ours; nil when that is not known.
    var present: [FlowKey: FlowBody]?
    /// The rows whose port is not there.
    private(set) var waiting: Set<RowID> = []
    private(set) var refused: [RowID: String] = [:]
    /// Some rows give ports by their names.
    private(set) var usesNames = false
    private var rowOf: [FlowKey: RowID] = [:]

    init(_ name: String, isOwned: Bool) {
        self.name = name
        self.isOwned = isOwned
    }

    struct Wanted {
        let row: RowID
        let match: String
        let actions: String
        let table: Int
        let priority: Int
        let cookie: Int
    }

    /// Brings the bridge to the desired flows. Returns the rows that had to be written, and in how many bundles.
    mutating func reconcile(
        _ rows: [Wanted], ports: [String: Int], _ sink: some FlowSink
    ) throws -> (written: Set<RowID>, count: Int) {
        let target = try normalised(rows, ports, sink)
        let actual: [FlowKey: FlowBody]
        if let present { actual = present } else { actual = try sink.dump(name, onlyMarked: !isOwned) }
        present = actual
        var changes = target.filter { actual[$0.key] != $0.value }.map { FlowChange.add($0.key, $0.value) }
        // Where nobody says any more what becomes of the rest, the bridge goes back to what bridges do: it would carry
        // nothing else.
        let goesBack = !isOwned || rows.isEmpty
        changes += actual.keys.filter { target[$0] == nil }.map { key in
            goesBack && key == Self.standalone.0 ? .add(key, Self.standalone.1) : .delete(key)
        }
        changes.removeAll { $0.isAlreadySo(in: actual) }
        if isOwned, rows.isEmpty, actual[Self.standalone.0] == nil {
            changes.append(.add(Self.standalone.0, Self.standalone.1))
        }
        // Deletions first: a flow that stands in the way of another must be gone.
        changes.sort { a, b in
            switch (a, b) {
            case (.delete, .add): true
            case (.add, .delete): false
            default: a.key < b.key
            }
        }
        if changes.isEmpty { return ([], 0) }
        return try write(changes, sink)
    }

    /// The target table; rows that cannot be part of it are noted.
    private mutating func normalised(
        _ rows: [Wanted], _ ports: [String: Int], _ sink: some FlowSink
    ) throws -> [FlowKey: FlowBody] {
        waiting = []
        refused = [:]
        rowOf = [:]
        usesNames = false
        var texts: [(row: Wanted, text: String)] = []
        for row in rows {
            var names = PortNames(ports)
            let match = names.match(row.match)
            let actions = names.actions(row.actions)
            if names.usesNames { usesNames = true }
            if names.missing != nil {
                waiting.insert(row.row)
                continue
            }
            let fields = match.isEmpty ? "" : ",\(match)"
            texts.append((row, "table=\(row.table),priority=\(row.priority)\(fields),actions=\(actions)"))
        }
        var target: [FlowKey: FlowBody] = [:]
        for ((row, _), answer) in zip(texts, try sink.normalise(texts.map(\.text))) {
            switch answer {
            case .invalid(let words): refused[row.row] = words
            case .flow(let key, let actions):
                if let other = rowOf[key] {
                    refused[row.row] = "the flow \(key) is already that of row \(other)"
                    continue
                }
                rowOf[key] = row.row
                target[key] = FlowBody(
                    actions: actions, cookie: Self.mark | UInt64(UInt32(truncatingIfNeeded: row.cookie)))
            }
        }
        return target
    }

    /// One bundle; what the switch refuses is left out and the rest tried again.
    private mutating func write(
        _ changes: [FlowChange], _ sink: some FlowSink
    ) throws -> (written: Set<RowID>, count: Int) {
        var rest = changes
        while !rest.isEmpty {
            guard let refusal = try sink.apply(rest, to: name) else {
                take(rest)
                return (Set(rest.compactMap { rowOf[$0.key] }), 1)
            }
            let named = refusal.flows.filter { key, _ in rest.contains { $0.key == key } }
            if named.isEmpty { return try writeSplit(rest, refusal, sink) }
            for (key, words) in named { refuse(key, words) }
            rest.removeAll { named[$0.key] != nil }
        }
        return ([], 0)
    }

    /// The switch does not say which flow it dislikes: halve until it is alone.
    private mutating func writeSplit(
        _ changes: [FlowChange], _ refusal: FlowRefusal, _ sink: some FlowSink
    ) throws -> (written: Set<RowID>, count: Int) {
        if !sink.isReachable(name) { throw refusal }
        if changes.count == 1 {
            refuse(changes[0].key, refusal.message)
            return ([], 0)
        }
        let middle = changes.count / 2
        let first = try write(Array(changes[..<middle]), sink)
        let second = try write(Array(changes[middle...]), sink)
        return (first.written.union(second.written), first.count + second.count)
    }

    private mutating func refuse(_ key: FlowKey, _ words: String) {
        if let row = rowOf[key] { refused[row] = words }
    }

    private mutating func take(_ changes: [FlowChange]) {
        for change in changes {
            switch change {
            case .add(let key, let body): present?[key] = body
            case .delete(let key): present?[key] = nil
            }
        }
    }
}
