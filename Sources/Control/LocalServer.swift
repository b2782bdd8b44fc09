import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Serves HTTP on a unix socket of mode 0600: one handler, one answer per request.
public struct LocalServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Without the query: `/status`.
        public let path: String
        public let query: [String: String]
        public let body: [UInt8]
    }

    public struct Answer: Sendable {
        public let status: Int
        public let body: [UInt8]

        public init(_ status: Int = 200, _ body: [UInt8] = []) {
            self.status = status
            self.body = body
        }

        public init(_ status: Int = 200, _ text: String) {
            self.init(status, Array(text.utf8))
        }
    }

    public enum Failure: Error, Sendable, CustomStringConvertible {
        case taken(String)
        case unusable(String, String)

        public var description: String {
            switch self {
            case .taken(let path): "another process serves \(path); stop it first"
            case .unusable(let path, let reason): "cannot serve \(path): \(reason)"
            }
        }
    }

    /// Runs in a task of its own, which is cancelled when the client goes away.
    public typealias Handler = @Sendable (Request) async -> Answer

    let path: String
    let handler: Handler

    public init(socket path: String, handler: @escaping Handler) {
        self.path = path
        self.handler = handler
    }

    /// Serves until the task is cancelled. `listening` is called when clients can connect.
    public func run(listening: @Sendable () -> Void = {}) async throws {
        let channel = try await open()
        listening()
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        unlink(path)
    }

    /// Binds under another name and renames, so that there is no moment with other rights or without a listener.
    private func open() async throws -> any Channel {
        if await isServed() { throw Failure.taken(path) }
        let draft = path + "~"
        unlink(draft)
        let handler = handler
        let channel: any Channel
        do {
            channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                        try channel.pipeline.syncOperations.addHandler(RequestHandler(handler))
                    }
                }
                .bind(unixDomainSocketPath: draft).get()
        } catch {
            throw Failure.unusable(path, "\(error)")
        }
        guard chmod(draft, 0o600) == 0, rename(draft, path) == 0 else {
            let reason = String(cString: strerror(errno))
            try? await channel.close()
            throw Failure.unusable(path, reason)
        }
        return channel
    }

    private func isServed() async -> Bool {
        let client = try? await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(unixDomainSocketPath: path).get()
        try? await client?.close()
        return client != nil
    }
}
