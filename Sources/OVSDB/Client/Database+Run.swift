import Logging
import NIOCore
import NIOPosix

extension Database {
    /// How long a server may be silent, and how long to wait before the next attempt.
    enum Timing {
        static let probe = TimeAmount.seconds(10)
        static let connect = TimeAmount.seconds(10)
        static let firstPause = 0.05
        static let longestPause = 5.0
        /// The size of the largest text taken from a server.
        static let messageLimit = 1 << 30
    }

    /// Keeps the connection until its task is cancelled.
    public func run() async {
        var pause = Timing.firstPause
        while !Task.isCancelled {
            do {
                let channel = try await connect()
                // Also when the server refuses what it is asked: it would keep the connection, and there will be another.
                defer { channel.close(promise: nil) }
                try await withTaskCancellationHandler {
                    try await secure(channel)
                    try await prepare(channel)
                    pause = Timing.firstPause
                    try await channel.closeFuture.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
                disconnected(state.withLock { $0.fault } ?? ConnectionFailure.closed)
            } catch {
                disconnected(state.withLock { $0.fault } ?? error)
            }
            // Clients of one server that restarts must not all come back at one moment.
            try? await Task.sleep(for: .seconds(pause * Double.random(in: 0.5...1)))
            pause = min(pause * 2, Timing.longestPause)
        }
    }

    /// The first error is the cause; what the closing of the connection brings comes after it.
    private func note(_ error: any Error) { state.withLock { $0.fault = $0.fault ?? error } }

    private func connect() async throws -> any Channel {
        state.withLock { $0.fault = nil }
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(Timing.connect)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 65536, initial: 262144, maximum: 1 << 20)
            )
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(FrameDecoder(), maximumBufferSize: Timing.messageLimit),
                        SessionHandler(
                            probe: Timing.probe, explain: { [weak self] in self?.note($0) }
                        ) { [weak self, weak channel] method, message in
                            guard let self, let channel else { return }
                            try self.receive(method, message, on: channel)
                        })
                }
            }
        switch endpoint {
        case .unix(let path): return try await bootstrap.connect(unixDomainSocketPath: path).get()
        case .tcp(let host, let port), .ssl(let host, let port):
            return try await bootstrap.connect(host: host, port: port).get()
        }
    }

    private func secure(_ channel: any Channel) async throws {
        guard case .ssl = endpoint else { return }
        guard let security else { throw ConnectionFailure.unsecured }
        try await security.secure(channel).get()
    }

    /// Asks for the schema and the contents.
    private func prepare(_ channel: any Channel) async throws {
        var writer = JSONWriter()
        writer.list([name]) { $1.string($0) }
        let message = try await channel.call("get_schema", writer.bytes)
        try message.check("get_schema")
        var cursor = message.cursor
        let schema = try DatabaseSchema(cursor.value())
        for method in MonitorMethod.allCases {
            do {
                try await monitor(channel, schema, method)
                break
            } catch ConnectionFailure.refused(_, "unknown method") where method != MonitorMethod.allCases.last {
                continue
            }
        }
        logger.info("connected", metadata: ["endpoint": "\(endpoint)", "schema": "\(schema.version)"])
    }

    private func monitor(_ channel: any Channel, _ schema: DatabaseSchema, _ method: MonitorMethod) async throws {
        let (empty, last) = state.withLock { state in
            let empty = Replica(schema, state.wanted)
            if !empty.hasSameColumns(as: state.replica) { state.lastTransaction = State.noTransaction }
            return (empty, state.lastTransaction)
        }
        let params = method.params(name, empty, since: last)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            channel.call(method.name, params) { [self] result in
                continuation.resume(
                    with: Result {
                        let message = try result.get()
                        try message.check(method.name)
                        try listed(message, empty, method, channel)
                    })
            }
        }
    }

    /// Takes the first contents. Runs on the loop, before any update.
    private func listed(
        _ message: Message, _ empty: Replica, _ method: MonitorMethod, _ channel: any Channel
    ) throws {
        var cursor = message.cursor
        try state.withLock { state in
            let since = try method.isSince ? MonitorSince(&cursor) : nil
            let isComparable = state.hasSnapshot && empty.hasSameColumns(as: state.replica)
            var changes: [RowUpdate] = []
            if since?.isDifference == true, isComparable {
                changes = state.replica.apply(try TableUpdates(&cursor, state.replica))
            } else {
                var fresh = empty
                _ = fresh.apply(try TableUpdates(&cursor, empty))
                if isComparable { changes = fresh.changes(since: state.replica) }
                state.replica = fresh
            }
            state.lastTransaction = since?.last ?? state.lastTransaction
            state.hasSnapshot = true
            state.isConnected = true
            state.channel = channel
            state.failure = nil
            for subscription in state.subscriptions.compactMap(\.subscription) {
                subscription.post(changes)
                subscription.post(isConnected: true, isReset: !isComparable)
            }
        }
    }

    /// Takes an update. Runs on the loop.
    private func receive(_ method: String, _ message: Message, on channel: any Channel) throws {
        guard let method = MonitorMethod(notification: method) else { return }
        var cursor = message.cursor
        try state.withLock { state in
            guard state.channel === channel else { return }
            let last = try method.openUpdate(&cursor)
            let changes = state.replica.apply(try TableUpdates(&cursor, state.replica))
            if let last { state.lastTransaction = last }
            for subscription in state.subscriptions.compactMap(\.subscription) { subscription.post(changes) }
        }
    }

    private func disconnected(_ error: any Error) {
        let isNews = state.withLock { state in
            let words = "\(error)"
            defer {
                state.isConnected = false
                state.channel = nil
                state.failure = words
            }
            if state.isConnected {
                for subscription in state.subscriptions.compactMap(\.subscription) {
                    subscription.post(isConnected: false, isReset: false)
                }
            }
            return state.failure != words
        }
        if isNews, !Task.isCancelled {
            logger.warning("no connection", metadata: ["endpoint": "\(endpoint)", "reason": "\(error)"])
        }
    }
}

extension Message {
    func check(_ method: StaticString) throws {
        guard let error else { return }
        let words =
            error.text ?? [error["error"]?.text, error["details"]?.text].compactMap(\.self).joined(separator: ": ")
        throw ConnectionFailure.refused(method: "\(method)", words)
    }
}
