public import Core
public import Linux

/// Puts what the modules say about objects where users look: annotations, conditions, events.
///
/// Keeps one writer's part of it; the parts of other writers are not touched.
public final class StatusPlane: AuditedPlane {
    public let name = PlaneName.status
    private let store: any StatusStore
    private let news: Descriptor
    private let waker: Waker
    private let inbox: Inbox

    /// - Parameter news: readable when the store may have news.
    public init(_ store: any StatusStore, news: Descriptor) throws(SystemError) {
        self.store = store
        self.news = news
        let waker = try Waker()
        self.waker = waker
        inbox = Inbox { waker.wake() }
    }

    public convenience init(_ store: FileStatusStore) throws(SystemError) { try self.init(store, news: store.news) }

    /// How many files, or objects of an API server, were written.
    public var writes: Int { store.writes }

    public func audit() async -> Audit? { await inbox.audit() }

    public func apply(_ delta: Delta) { inbox.put(delta) }

    public func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {
        try await waker.runThread { [self] in
            defer { inbox.disappoint() }
            var work = StatusWork(store, report)
            report(.connected(plane: name, true))
            while !waker.isCancelled {
                for delta in inbox.takeDeltas() { work.take(delta) }
                let askers = inbox.takeAskers()
                if !askers.isEmpty { work.startOver() }
                let writesBefore = writes
                let written = work.settle()
                let found = written.map { Audit(differences: $0, writes: writes - writesBefore) }
                askers.forEach { $0.resume(returning: found) }
                _ = waker.wait(for: [news], timeout: work.hasFailed ? .seconds(1) : nil)
            }
        }
    }
}
