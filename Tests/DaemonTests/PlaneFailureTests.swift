import Core
import Logging
import Synchronization
import Testing

@testable import Daemon

/// Something that a row says.
private struct Wish: Kind {
    static let kind = "Wish"
    let name: String
}

private struct Line: Row {
    static let table = Table(plane: "paper", name: "Line", columns: [])
    let key: RowKey
    func encode(into columns: inout ColumnWriter) {}
}

private struct WishModule: NodeModule {
    static let manifest = Manifest(
        name: "wishes", summary: "A line per wish", reads: [Wish.self], writes: [.rows(Line.self)])
    func register(on node: inout NodeScope) {
        node.each(Wish.self) { wish, cell in cell.add(Line(key: .own("line"))) }
    }
}

/// What outlives a daemon, as a database does.
private final class Paper: Sendable {
    let lines = Mutex<Set<String>>([])
    var text: [String] { lines.withLock { $0.sorted() } }
}

/// Takes its first delta for the whole table, as every plane does. Fails when it is told to.
private final class PaperPlane: Plane {
    struct Torn: Error, CustomStringConvertible { let description = "the paper is torn" }

    let name = "paper"
    private let paper: Paper
    private let deltas: AsyncStream<Delta?>
    private let mailbox: AsyncStream<Delta?>.Continuation
    let runs = Mutex(0)
    /// How many of the first runs fail at once.
    private let bad: Int

    init(_ paper: Paper, bad: Int = 0) {
        self.paper = paper
        self.bad = bad
        (deltas, mailbox) = AsyncStream.makeStream()
    }

    func apply(_ delta: Delta) { mailbox.yield(delta) }
    func fail() { mailbox.yield(nil) }

    func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {
        let run = runs.withLock { number in
            number += 1
            return number
        }
        if run <= bad { throw Torn() }
        report(.connected(plane: name, true))
        var isFirst = true
        for await delta in deltas {
            guard let delta else { throw Torn() }
            paper.lines.withLock { lines in
                if isFirst { lines = [] }
                for change in delta.rows {
                    if change.what == .deleted { lines.remove(change.row.key) } else { lines.insert(change.row.key) }
                }
            }
            isFirst = false
            report(.confirmed(plane: name, turn: delta.turn))
        }
    }
}

/// Lists what it has, then brings what is asked for.
private final class WishFeed: Feed {
    let name = "wishes"
    private let wishes: [String]
    private let news: AsyncStream<String>
    private let mailbox: AsyncStream<String>.Continuation

    init(_ wishes: String...) {
        self.wishes = wishes
        (news, mailbox) = AsyncStream.makeStream()
    }

    func bring(_ wish: String) { mailbox.yield(wish) }

    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async {
        emit(.changes(feed: name, wishes.map { .put(Wish(name: $0)) }, lane: .bulk))
        emit(.listed(feed: name))
        for await wish in news { emit(.changes(feed: name, [.put(Wish(name: wish))], lane: .bulk)) }
    }
}

@Suite("When a plane fails", .timeLimit(.minutes(3)))
struct PlaneFailureTests {
    private func scheduler(_ feed: WishFeed, _ plane: PaperPlane) throws -> Scheduler {
        try Scheduler(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
            let engine = Engine(scope: .node)
            engine.expect(feed: feed.name, kinds: [Wish.self])
            engine.attach(plane: plane.name)
            try engine.enable(WishModule())
            return engine
        }
    }

    private func untilConfirmed(_ scheduler: Scheduler, _ wishes: String...) async {
        _ = await scheduler.first { engine, _ in
            wishes.allSatisfy {
                engine.object(Wish.self, "", $0) != nil && engine.isSettled(ObjectID(kind: Wish.kind, name: $0))
            } ? true : nil
        }
    }

    @Test("the daemon ends with its name and the reason, and what was in place stays; the next one puts all right")
    func ends() async throws {
        let paper = Paper()
        let feed = WishFeed("a", "b")
        let plane = PaperPlane(paper)
        let first = try scheduler(feed, plane)
        let running = Task { try await first.run(feeds: [feed], planes: [plane]) }
        await untilConfirmed(first, "a", "b")
        let written = paper.text
        #expect(written.count == 2)
        plane.fail()
        // What comes now must not be taken for the whole.
        feed.bring("c")
        let failure = await #expect(throws: PlaneFailure.self) { try await running.value }
        #expect(failure == PlaneFailure(plane: "paper", reason: "the paper is torn"))
        #expect(paper.text == written)
        #expect(plane.runs.withLock { $0 } == 1)

        paper.lines.withLock { $0 = ["somebody else's"] }
        let later = WishFeed("b", "c")
        let second = PaperPlane(paper)
        let next = try scheduler(later, second)
        let again = Task { try await next.run(feeds: [later], planes: [second]) }
        await untilConfirmed(next, "b", "c")
        #expect(paper.text.count == 2 && !paper.text.contains("somebody else's"))
        again.cancel()
        try await again.value
    }

    @Test("before it has been told anything it is tried again, and the daemon goes on")
    func isTriedAgain() async throws {
        let paper = Paper()
        let feed = WishFeed("a")
        let plane = PaperPlane(paper, bad: 2)
        let scheduler = try scheduler(feed, plane)
        let running = Task { try await scheduler.run(feeds: [], planes: [plane]) }
        let isConnected = await scheduler.first { _, state in state.planes["paper"]?.isConnected == true ? true : nil }
        #expect(isConnected == true)
        #expect(plane.runs.withLock { $0 } == 3)
        #expect(paper.text.isEmpty)
        running.cancel()
        try await running.value
    }
}
