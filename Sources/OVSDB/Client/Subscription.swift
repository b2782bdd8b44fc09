import Synchronization

/// What a subscriber has not seen yet.
public struct News: Sendable {
    /// Whether the database is connected and its contents are current.
    public var isConnected = false
    /// The contents were replaced by others that cannot be compared: look at everything.
    public var isReset = false
    /// In the order in which they came; after a reset, only what came later.
    public var updates: [RowUpdate] = []
}

/// One reader of a database's changes. Changes add up until they are taken.
public final class Subscription: Sendable {
    private let pending: Mutex<News>
    private let tables: Set<String>
    private let wake: @Sendable () -> Void

    init(tables: Set<String>, news: News, wake: @escaping @Sendable () -> Void) {
        self.tables = tables
        self.wake = wake
        pending = Mutex(news)
    }

    /// What came since the last call.
    public func take() -> News {
        pending.withLock { news in
            defer {
                news.updates = []
                news.isReset = false
            }
            return news
        }
    }

    func post(_ updates: [RowUpdate]) {
        let mine = updates.filter { tables.contains($0.table) }
        guard !mine.isEmpty else { return }
        pending.withLock { $0.updates += mine }
        wake()
    }

    func post(isConnected: Bool, isReset: Bool) {
        pending.withLock { news in
            news.isConnected = isConnected
            if isReset {
                news.isReset = true
                news.updates = []
            }
        }
        wake()
    }
}
