import Core

/// A request for a number.
struct Claim: Kind {
    static let kind = "Claim"
    var name: String
    var hint: Int?
    var isRefusing = false
    /// The hint or nothing.
    var insists = false
}

struct Number: Row {
    static let table = Table(
        plane: "host", name: "Number", columns: [.init("value", .scalar), .init("note", .scalar)])
    var key: RowKey
    var value: Int?
    var note: String?

    func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, value)
        columns.scalar(1, note)
    }
}

/// Gives each claim a number of a small pool.
struct NumberModule: NodeModule {
    static let manifest = Manifest(
        name: "numbers", summary: "Numbers", reads: [Claim.self], writes: [.rows(Number.self)])
    let pool: Pool

    init() { self.init(1...4) }
    init(_ range: ClosedRange<Int>, reserved: Set<Int> = []) { pool = Pool("numbers", range, reserved: reserved) }

    func register(on node: inout NodeScope) {
        node.each(Claim.self) { [pool] claim, cell throws(Rejection) in
            guard let value = try Self.value(of: claim, pool, &cell) else { return }
            if claim.isRefusing { throw Rejection("Refusing", "refuses") }
            cell.add(Number(key: .own(""), value: value))
        }
    }

    private static func value(of claim: Claim, _ pool: Pool, _ cell: inout Cell) throws(Rejection) -> Int? {
        guard claim.insists, let hint = claim.hint else {
            return try cell.allocate(from: pool, for: claim.name, preferring: claim.hint)
        }
        switch cell.claim(hint, of: pool, for: claim.name) {
        case .waiting: return nil
        case .given(let value): return value
        case .taken(let other): throw Rejection("Taken", "by \(other)")
        }
    }
}

/// Publishes a mark per pod: 1, or what the claim `marks` says.
struct MarkModule: NodeModule {
    static let manifest = Manifest(
        name: "marks", summary: "Marks", reads: [Pod.self, Claim.self], publishes: [Mark.self],
        writes: [.rows(Number.self)])

    func register(on node: inout NodeScope) {
        node.each(Pod.self) { pod, cell throws(Rejection) in
            let value = cell.get(Claim.self, "", "marks")?.hint ?? 1
            cell.publish(Mark(namespace: pod.namespace, name: pod.name, value: value))
        }
    }
}

/// Another publisher of the same objects.
struct OtherMarkModule: NodeModule {
    static let manifest = Manifest(
        name: "other-marks", summary: "Other marks", reads: [Pod.self], publishes: [Mark.self])

    func register(on node: inout NodeScope) {
        node.each(Pod.self) { pod, cell throws(Rejection) in
            cell.publish(Mark(namespace: pod.namespace, name: pod.name, value: 99))
        }
    }
}

/// A row per mark, and one that tells what is complete.
struct MarkReader: NodeModule {
    static let manifest = Manifest(
        name: "mark-reader", summary: "Reads marks", reads: [Mark.self, Claim.self, Pod.self],
        writes: [.rows(Number.self)])

    func register(on node: inout NodeScope) {
        node.each(Mark.self) { mark, cell throws(Rejection) in
            cell.add(Number(key: .own(""), value: mark.value))
        }
        node.each(Claim.self) { claim, cell throws(Rejection) in
            let marks = cell.group(of: Mark.self)
            let list = cell.list(marks).map { "\($0.name)=\($0.value)" }.joined(separator: " ")
            let complete = cell.isComplete(Mark.self) ? "complete" : "incomplete"
            cell.add(Number(key: .own("marks"), note: "\(complete): \(list)"))
        }
    }
}

/// Two handlers that contradict each other: a mark is there when it is not there.
struct Flapping: NodeModule {
    static let manifest = Manifest(
        name: "flapping", summary: "Never comes to rest", reads: [Claim.self, Pod.self], publishes: [Mark.self],
        writes: [.rows(Number.self)])

    func register(on node: inout NodeScope) {
        node.each(Claim.self) { claim, cell throws(Rejection) in
            guard cell.get(Pod.self, "shop", claim.name) != nil else { return cell.publish(steady(claim)) }
            if cell.get(Mark.self, "", "flap") == nil {
                cell.publish(Mark(namespace: "", name: "flap", value: 1))
                cell.add(Number(key: .own("flap"), value: 1))
            }
        }
        node.each(Pod.self) { pod, cell throws(Rejection) in cell.add(Number(key: .own("calm"), value: 5)) }
    }
}

private func steady(_ claim: Claim) -> Mark { Mark(namespace: "", name: "steady", value: 0) }
