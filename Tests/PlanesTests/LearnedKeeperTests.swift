import Core
import Model
import Synchronization
import Testing

@testable import Planes

/// A switch that has learned flows, and notes what is done to them.
private final class Switch: FlowSink {
    private let flows = Mutex<[String]>([])
    private let noted = Mutex<[String]>([])

    func set(_ lines: String...) { flows.withLock { $0 = lines } }
    func takeChanges() -> [String] {
        noted.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    func learned(_ bridge: String, table: Int) throws -> [LearnedFlow] {
        flows.withLock { $0.compactMap { LearnedFlow(line: Substring($0)) } }
    }
    func change(_ bridge: String, lines: [String]) throws { noted.withLock { $0 += lines } }
    func isReachable(_ bridge: String) -> Bool { true }
    func normalise(_ flows: [String]) throws -> [Normalised] { [] }
    func ports() throws -> [String: [String: Int]]? { nil }
    func dump(_ bridge: String, onlyMarked: Bool) throws -> [FlowKey: FlowBody] { [:] }
    func apply(_ changes: [FlowChange], to bridge: String) throws -> FlowRefusal? { nil }
    func count(_ bridge: String) throws -> Int { 0 }
}

@Suite("What a switch has learned")
struct LearnedKeeperTests {
    private func row(_ cookie: Int, timeout: Int) -> (RowID, RowContent) {
        let row = LearnedFlows(bridge: "br-int", table: 200, cookie: cookie, timeout: timeout)
        var content = RowContent()
        for (index, value) in [Value.string("br-int"), .integer(200), .integer(cookie), .integer(timeout)].enumerated()
        {
            content.columns[index] = .scalar(value)
        }
        return (RowID(LearnedFlows.table, "br-int 200 \(row.cookie)"), content)
    }

    /// As the switch prints a client's flow.
    private func flow(_ client: Int, _ cookie: Int, timer: Int, idle: Int, packets: Int = 3) -> String {
        let words = timer == 0 ? "" : "idle_timeout=\(timer), "
        return " cookie=0x\(String(LearnedFlows.mark | UInt64(cookie), radix: 16)), duration=100000s, table=200, "
            + "n_packets=\(packets), n_bytes=0, \(words)idle_age=\(idle), tcp,nw_src=10.0.0.\(client) actions=drop"
    }

    private func keeper(_ wire: Switch, _ rows: (RowID, RowContent)...) throws -> LearnedKeeper<Switch> {
        let keeper = LearnedKeeper(wire)
        for (id, content) in rows { try keeper.take(id, content) }
        return keeper
    }

    @Test("goes when it was silent for longer than a flow's timer can hold, and not a second sooner")
    func longTimes() throws {
        let wire = Switch()
        let keeper = try keeper(wire, row(5, timeout: 86_400))
        wire.set(flow(1, 5, timer: 0, idle: 86_399), flow(2, 5, timer: 0, idle: 86_400), flow(3, 5, timer: 0, idle: 3))
        try keeper.look { _ in true }
        #expect(wire.takeChanges() == ["delete_strict table=200,tcp,nw_src=10.0.0.2"])
    }

    @Test("is left to its own timer where it has one, and goes when no row speaks of it any more")
    func others() throws {
        let wire = Switch()
        let (id, content) = row(5, timeout: 10)
        let keeper = try keeper(wire, (id, content))
        wire.set(flow(1, 5, timer: 10, idle: 10), flow(2, 6, timer: 10, idle: 0))
        try keeper.look { _ in true }
        #expect(wire.takeChanges() == ["delete_strict table=200,tcp,nw_src=10.0.0.2"])
        wire.set(flow(1, 5, timer: 10, idle: 1))
        try keeper.take(id, nil)
        try keeper.look { _ in true }
        #expect(wire.takeChanges() == ["delete_strict table=200,tcp,nw_src=10.0.0.1"])
        keeper.follow { $0 == "br-int" }
        try keeper.look { _ in true }
        #expect(keeper.isIdle)
    }

    @Test("goes also when it was learned after its row had gone, as long as the flows that learn were there")
    func learnedLate() throws {
        let wire = Switch()
        let last = row(5, timeout: 600)
        let keeper = try keeper(wire, last)
        try keeper.take(last.0, nil)
        for client in 1...3 {
            wire.set(flow(client, 5, timer: 600, idle: 0))
            try keeper.look { _ in true }
            #expect(wire.takeChanges().count == 1, "client \(client)")
        }
        keeper.follow { $0 == "br-ex" }
        #expect(!keeper.isIdle)
        keeper.follow { $0 == "br-int" }
        wire.set(flow(4, 5, timer: 600, idle: 0))
        try keeper.look { _ in true }
        #expect(wire.takeChanges().count == 1)
        #expect(keeper.isIdle)
    }

    @Test("follows a timeout that changes: what was silent for longer goes, the others get the new time")
    func newTimeout() throws {
        let wire = Switch()
        let keeper = try keeper(wire, row(5, timeout: 10), row(6, timeout: 86_400))
        wire.set(
            flow(1, 5, timer: 600, idle: 11), flow(2, 5, timer: 600, idle: 3), flow(3, 5, timer: 10, idle: 11),
            flow(4, 6, timer: 10, idle: 9), flow(5, 5, timer: 0, idle: 10))
        try keeper.look { _ in true }
        let mark = String(LearnedFlows.mark, radix: 16).dropLast()
        #expect(
            wire.takeChanges() == [
                "delete_strict table=200,tcp,nw_src=10.0.0.1", "delete_strict table=200,tcp,nw_src=10.0.0.5",
                "add cookie=0x\(mark)5,idle_timeout=10,table=200,tcp,nw_src=10.0.0.2,actions=drop",
                "add cookie=0x\(mark)6,table=200,tcp,nw_src=10.0.0.4,actions=drop",
            ])
    }

    @Test("comes back when the bridge was cleared, but for what is over or of no row")
    func restore() throws {
        let wire = Switch()
        let gone = row(6, timeout: 10)
        let keeper = try keeper(wire, row(5, timeout: 10), row(7, timeout: 86_400), gone)
        wire.set(
            flow(1, 5, timer: 10, idle: 1), flow(2, 5, timer: 10, idle: 10), flow(3, 6, timer: 10, idle: 0),
            flow(4, 7, timer: 0, idle: 70_000))
        try keeper.look { _ in true }
        // What a bridge holds while it has lost flows is not worth remembering.
        wire.set()
        try keeper.look { _ in false }
        try keeper.take(gone.0, nil)
        wire.set()
        try keeper.restore("br-int")
        let mark = String(LearnedFlows.mark, radix: 16).dropLast()
        #expect(
            wire.takeChanges().sorted() == [
                "add cookie=0x\(mark)5,idle_timeout=10,table=200,tcp,nw_src=10.0.0.1,actions=drop",
                "add cookie=0x\(mark)7,table=200,tcp,nw_src=10.0.0.4,actions=drop",
            ])
        // What is there is not written again.
        wire.set(flow(1, 5, timer: 10, idle: 0), flow(4, 7, timer: 0, idle: 0))
        try keeper.restore("br-int")
        #expect(wire.takeChanges().isEmpty)
    }

    @Test("has been silent for as long as its client was, also when the bridge was cleared in between")
    func silenceBefore() throws {
        let wire = Switch()
        let keeper = try keeper(wire, row(5, timeout: 10))
        wire.set(flow(1, 5, timer: 10, idle: 9), flow(2, 5, timer: 10, idle: 9), flow(3, 5, timer: 10, idle: 2))
        try keeper.look { _ in true }
        wire.set()
        try keeper.restore("br-int")
        #expect(wire.takeChanges().count == 3)
        // The switch counts anew; the second client has sent something since.
        wire.set(
            flow(1, 5, timer: 10, idle: 0, packets: 0), flow(2, 5, timer: 10, idle: 0, packets: 1),
            flow(3, 5, timer: 10, idle: 0, packets: 0))
        let deletion = "delete_strict table=200,tcp,nw_src=10.0.0.1"
        let end = ContinuousClock.now + .seconds(3)
        var changes: [String] = []
        while changes.isEmpty, ContinuousClock.now < end {
            try keeper.look { _ in true }
            changes = wire.takeChanges()
        }
        #expect(changes == [deletion])
        // He comes back: a new client, as he was none any more.
        wire.set(flow(1, 5, timer: 10, idle: 0, packets: 0))
        try keeper.look { _ in true }
        #expect(wire.takeChanges().isEmpty)
    }
}
