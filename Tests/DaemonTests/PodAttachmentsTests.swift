import Core
import Logging
import Model
import Testing

@testable import Daemon

/// Brings objects one after the other.
private final class ObjectFeed: Feed {
    let name = "objects"
    private let news: AsyncStream<ObjectChange>
    private let mailbox: AsyncStream<ObjectChange>.Continuation

    init() { (news, mailbox) = AsyncStream.makeStream() }

    func put(_ object: some Kind) { mailbox.yield(.put(object)) }
    func remove(_ id: ObjectID) { mailbox.yield(.remove(id)) }

    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async {
        emit(.listed(feed: name))
        for await change in news { emit(.changes(feed: name, [change], lane: .attachment)) }
    }
}

@Suite("An ADD that waits", .timeLimit(.minutes(3)))
struct PodAttachmentsTests {
    @Test("is not taken for one that was replaced while the core has not seen it yet")
    func early() async throws {
        let feed = ObjectFeed()
        let scheduler = try Scheduler(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
            let engine = Engine(scope: .node)
            engine.expect(feed: feed.name, kinds: [Pod.self, Attachment.self])
            return engine
        }
        let running = Task { try await scheduler.run(feeds: [feed], planes: []) }
        let attachment = Attachment(
            sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: "web", podUID: "u1")
        let waiting = PodAttachments(scheduler: scheduler, node: "n1", times: StartTimes())
        feed.put(Pod(namespace: "shop", name: "web", uid: "u1", nodeName: "n1"))
        _ = await scheduler.first { engine, _ in engine.object(Pod.self, "shop", "web") == nil ? nil : true }
        let adding = Task { try await waiting.ready(attachment) }
        // It waits for the core to see the attachment, and then for what there is none of here.
        while await scheduler.waiters == 0 { await Task.yield() }
        feed.put(attachment)
        _ = await scheduler.first { engine, _ in
            engine.object(Attachment.self, "", attachment.name) == nil ? nil : true
        }
        feed.remove(attachment.id)
        let error = await #expect(throws: (any Error).self) { try await adding.value }
        #expect(error.map { "\($0)" }?.contains("taken its place") == true)
        running.cancel()
        try await running.value
    }
}
