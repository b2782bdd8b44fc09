import Core
import Synchronization

/// What a feed has brought, so that one that failed and was started anew takes away what is gone since: it lists what
/// there is, and says nothing of what there is no more.
final class FeedListing: Sendable {
    private struct State {
        var brought: Set<ObjectID> = []
        /// What was there before the feed was started anew and has not come again.
        var doubtful: Set<ObjectID> = []
    }

    private let state = Mutex(State())
    private let emit: @Sendable (FeedEvent) -> Void

    init(_ emit: @escaping @Sendable (FeedEvent) -> Void) { self.emit = emit }

    func begin() { state.withLock { $0.doubtful = $0.brought } }

    func take(_ event: FeedEvent) {
        switch event {
        case .changes(_, let changes, _):
            state.withLock { state in
                for change in changes {
                    state.doubtful.remove(change.id)
                    switch change {
                    case .put(let object): state.brought.insert(object.id)
                    case .remove(let id): state.brought.remove(id)
                    }
                }
            }
        case .listed(let feed):
            let gone = state.withLock { state in
                defer { state.doubtful = [] }
                state.brought.subtract(state.doubtful)
                return state.doubtful
            }
            if !gone.isEmpty { emit(.changes(feed: feed, gone.sorted().map { .remove($0) }, lane: .bulk)) }
        case .failed: break
        }
        emit(event)
    }
}
