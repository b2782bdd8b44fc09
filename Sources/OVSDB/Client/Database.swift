import Logging
import NIOCore
import NIOPosix
import Synchronization

/// One connection to one database, with a replica of the columns that its users asked for.
///
/// Users ask with `monitor` before `run` starts. The connection is made again whenever it is lost; what changed
/// meanwhile comes as updates.
public final class Database: Sendable {
    public let name: String
    public let endpoint: Endpoint
    let security: Security?
    let group: any EventLoopGroup
    let logger: Logger
    let state = Mutex(State())

    struct State {
        static let noTransaction = RowUUID(high: 0, low: 0).description
        var wanted: [String: Set<String>] = [:]
        var replica = Replica()
        var hasSnapshot = false
        var isConnected = false
        var channel: (any Channel)?
        /// The server's name for the state we have, where it keeps a history.
        var lastTransaction = noTransaction
        var failure: String?
        /// Why the present connection ends.
        var fault: (any Error)?
        var subscriptions: [WeakSubscription] = []
    }

    struct WeakSubscription {
        weak var subscription: Subscription?
    }

    public init(
        name: String, endpoint: Endpoint, security: Security? = nil,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "ovsdb")
    ) {
        self.name = name
        self.endpoint = endpoint
        self.security = security
        self.group = group
        var logger = logger
        logger[metadataKey: "database"] = .string(name)
        self.logger = logger
    }

    /// Asks for columns to be kept in the replica. Has to come before `run`. Columns that the server lacks are left out.
    public func monitor(_ table: String, columns: some Sequence<String>) {
        state.withLock { $0.wanted[table, default: []].formUnion(columns) }
    }

    /// Whether there is a connection and the replica is current.
    public var isConnected: Bool { state.withLock { $0.isConnected } }

    /// Why there is no connection; nil while there is one.
    public var failure: String? { state.withLock { $0.failure } }

    /// Looks at the replica; nothing changes in it meanwhile, so be quick.
    public func read<T: Sendable, E: Error>(_ body: (Replica) throws(E) -> T) throws(E) -> T {
        try state.withLock { (state) throws(E) -> T in try body(state.replica) }
    }

    /// Follows changes of some tables. `wake` is called, on any thread, when there is something to take; it must be
    /// quick. The subscription ends when it is let go.
    public func subscribe(
        to tables: some Sequence<String>, wake: @escaping @Sendable () -> Void
    ) -> Subscription {
        state.withLock { state in
            let news = News(isConnected: state.isConnected, isReset: state.hasSnapshot)
            let subscription = Subscription(tables: Set(tables), news: news, wake: wake)
            state.subscriptions.removeAll { $0.subscription == nil }
            state.subscriptions.append(WeakSubscription(subscription: subscription))
            return subscription
        }
    }

    /// Waits until the replica answers, looking again at each change of these tables.
    public func wait<T: Sendable>(
        for tables: Set<String>, _ answer: @Sendable (Replica) -> T?
    ) async throws -> T {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = subscribe(to: tables) { signal.yield() }
        defer { withExtendedLifetime(subscription) {} }
        if let found = read({ answer($0) }) { return found }
        for await _ in signals {
            if let found = read({ answer($0) }) { return found }
        }
        throw CancellationError()
    }

    /// Executes operations as one transaction.
    ///
    /// By the time it returns, the replica shows what the transaction did. Throws `TransactionRefused`, or
    /// `ConnectionFailure`, after which it is not known whether the transaction came through.
    public func transact(_ operations: [Operation]) async throws -> [JSONValue] {
        var writer = JSONWriter()
        writer.raw("[")
        writer.string(name)
        for operation in operations {
            writer.raw(",")
            writer.raw(operation.json)
        }
        writer.raw("]")
        guard let channel = state.withLock({ $0.isConnected ? $0.channel : nil }) else {
            throw ConnectionFailure.notConnected
        }
        let message = try await channel.call("transact", writer.bytes)
        if let error = message.error {
            throw TransactionRefused(
                operation: nil, error: error["error"]?.text ?? error.text ?? "refused",
                details: error["details"]?.text ?? "")
        }
        var cursor = message.cursor
        return try cursor.value().results(of: operations.count)
    }
}

extension Channel {
    /// Sends a request and waits for its reply.
    func call(_ method: StaticString, _ params: [UInt8]) async throws -> Message {
        try await withCheckedThrowingContinuation { continuation in
            call(method, params) { continuation.resume(with: $0) }
        }
    }

    /// Sends a request; `reply` runs on the loop, before anything that came later is looked at.
    func call(
        _ method: StaticString, _ params: [UInt8],
        _ reply: @escaping @Sendable (Result<Message, any Error>) -> Void
    ) {
        let call = Call(method: method, params: params, reply: Once(reply).callAsFunction)
        writeAndFlush(call).whenFailure { call.reply(.failure($0)) }
    }
}

/// Lets only the first of several answers through: a write may fail before or after its connection does.
private final class Once: Sendable {
    private let reply: Mutex<(@Sendable (Result<Message, any Error>) -> Void)?>

    init(_ reply: @escaping @Sendable (Result<Message, any Error>) -> Void) { self.reply = Mutex(reply) }

    func callAsFunction(_ result: Result<Message, any Error>) {
        let reply = reply.withLock { reply in
            defer { reply = nil }
            return reply
        }
        reply?(result)
    }
}
