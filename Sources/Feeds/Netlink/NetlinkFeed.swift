public import Core
import Linux
import Model
import Synchronization

/// Brings the links, addresses and routes of a network namespace as the kernel sees them.
///
/// First a listing, then what changes. News from the kernel is only the cause to list again: what is the same as
/// before is no news, so counters, lifetimes and states that come and go wake nobody.
public final class NetlinkFeed: Feed {
    public let name: String
    private let namespace: String?
    private let tables: Set<Int>
    private let settling: Duration

    /// - Parameters:
    ///   - namespace: the path of the network namespace; nil for the process's own.
    ///   - tables: the routing tables whose routes are of interest.
    ///   - settling: how long the feed waits after news for more of it.
    public init(
        name: String = "netlink", namespace: String? = nil, tables: Set<Int> = [254, 7],
        settling: Duration = .milliseconds(20)
    ) {
        self.name = name
        self.namespace = namespace
        self.tables = tables
        self.settling = settling
    }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        let waker = try Waker()
        try await waker.runThread { [self] in
            if let namespace { try NetworkNamespace(path: namespace).enter() }
            // Joined before the first listing, so that nothing falls between the two.
            let monitor = try NetlinkMonitor([.links, .addresses, .routes])
            try loop(waker, monitor, try NetlinkSocket(), emit)
        }
    }

    private func loop(
        _ waker: Waker, _ monitor: NetlinkMonitor, _ socket: NetlinkSocket, _ emit: (FeedEvent) -> Void
    ) throws {
        var listing = NetlinkListing()
        var isListed = false
        var failure: String?
        while !waker.isCancelled {
            do {
                let new = try NetlinkListing(socket, tables: tables)
                let changes = new.changes(since: listing)
                if !changes.isEmpty { emit(.changes(feed: name, changes, lane: .bulk)) }
                listing = new
                if !isListed { emit(.listed(feed: name)) }
                isListed = true
                if failure != nil { emit(.failed(feed: name, [])) }
                failure = nil
            } catch {
                if failure != error.description {
                    let problem = FeedFailure(source: "netlink", reason: "ListFailed", message: error.description)
                    emit(.failed(feed: name, [problem]))
                }
                failure = error.description
            }
            try sleep(waker, monitor, retry: failure != nil)
        }
    }

    /// Until there is news that may concern the objects, and until it has settled.
    private func sleep(_ waker: Waker, _ monitor: NetlinkMonitor, retry: Bool) throws {
        while !waker.isCancelled {
            let ready = waker.wait(for: [monitor.descriptor], timeout: retry ? .seconds(1) : nil)
            if ready.isEmpty {
                if retry { return }
                continue
            }
            guard try concerns(monitor) else { continue }
            _ = waker.wait(timeout: settling)
            while case .messages = try monitor.next() {}
            return
        }
    }

    private func concerns(_ monitor: NetlinkMonitor) throws -> Bool {
        switch try monitor.next() {
        case .none: return false
        case .overrun: return true
        case .messages(let messages):
            return messages.contains { message in
                guard message.subject == .routes else { return true }
                return RouteInfo(message).map { tables.contains($0.table) && !$0.isClone } ?? false
            }
        }
    }
}
