import Core

/// The configuration as objects: what the operator set is read by handlers like anything else.
struct ConfigurationFeed: Feed {
    let name = "configuration"
    let objects: [any Kind]
    /// What changes when the configuration is read again.
    let changes: AsyncStream<[any Kind]>

    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        emit(.changes(feed: name, objects.map(ObjectChange.put), lane: .bulk))
        emit(.listed(feed: name))
        for await changed in changes { emit(.changes(feed: name, changed.map(ObjectChange.put), lane: .bulk)) }
    }
}
