import Core
import Logging
import Synchronization
import Testing

@testable import Daemon

private struct Thing: Kind {
    static let kind = "Thing"
    let name: String
    var number = 0
}

/// Lists what it has the first time, fails when it is told to, and lists something else the second time.
private final class FrailFeed: Feed {
    struct Fault: Error {}

    let name = "things"
    private let listings: Mutex<[[Thing]]>
    private let faults: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init(_ listings: [Thing]...) {
        self.listings = Mutex(listings)
        (faults, bell) = AsyncStream.makeStream()
    }

    func fail() { bell.yield() }

    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        let things = listings.withLock { $0.removeFirst() }
        for thing in things { emit(.changes(feed: name, [.put(thing)], lane: .bulk)) }
        emit(.listed(feed: name))
        for await _ in faults { throw Fault() }
    }
}

@Suite("When a feed fails", .timeLimit(.minutes(3)))
struct FeedFailureTests {
    @Test("what is gone when it lists again goes, what is there stays and changes, and other feeds' objects stay")
    func listsAgain() async throws {
        let frail = FrailFeed([Thing(name: "a"), Thing(name: "b")], [Thing(name: "b", number: 2), Thing(name: "c")])
        let sound = Sound()
        let scheduler = try Scheduler(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
            let engine = Engine(scope: .node)
            engine.expect(feed: frail.name, kinds: [Thing.self])
            engine.expect(feed: sound.name, kinds: [Thing.self])
            return engine
        }
        let running = Task { try await scheduler.run(feeds: [frail, sound], planes: []) }
        @Sendable func names(_ engine: Engine) -> [String] {
            ["a", "b", "c", "x"].filter { engine.object(Thing.self, "", $0) != nil }
        }
        _ = await scheduler.first { engine, _ in names(engine) == ["a", "b", "x"] ? true : nil }
        frail.fail()
        let found = await scheduler.first { engine, _ in
            engine.object(Thing.self, "", "c") != nil && engine.object(Thing.self, "", "a") == nil ? names(engine) : nil
        }
        #expect(found == ["b", "c", "x"])
        #expect(await scheduler.ask { engine, _ in engine.object(Thing.self, "", "b")?.number } == 2)
        running.cancel()
        try await running.value
    }

    private struct Sound: Feed {
        let name = "sound"
        func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async {
            emit(.changes(feed: name, [.put(Thing(name: "x"))], lane: .bulk))
            emit(.listed(feed: name))
            try? await Task.sleep(for: .seconds(1000))
        }
    }
}
