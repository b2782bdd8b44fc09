import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on all addresses of the host that says one thing.
///
/// Anybody may ask, so nobody may hold it: a connection lasts a few seconds, and there is a limit to how many there are.
final class AnswerServer: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    private let answer: Current
    private let channel: any Channel

    fileprivate final class Current: Sendable {
        let value: Mutex<Answer>
        /// How many connections there are.
        let open = Atomic(0)
        init(_ answer: Answer) { value = Mutex(answer) }
    }

    init(port: Int, _ answer: Answer, deadline: TimeAmount = .seconds(5), limit: Int = 64) async throws {
        let current = Current(answer)
        self.answer = current
        let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let number = current.open.add(1, ordering: .relaxed).newValue
                let end = channel.eventLoop.scheduleTask(in: deadline) { channel.close(promise: nil) }
                channel.closeFuture.whenComplete { _ in
                    end.cancel()
                    current.open.subtract(1, ordering: .relaxed)
                }
                return channel.eventLoop.makeCompletedFuture {
                    guard number <= limit else { throw TooMany() }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(current))
                }
            }
        do {
            channel = try await bootstrap.bind(host: "::", port: port).get()
        } catch let error as IOError where error.errnoCode != EADDRINUSE {
            // A host without IPv6.
            channel = try await bootstrap.bind(host: "0.0.0.0", port: port).get()
        }
    }

    /// Ends a connection before it begins.
    private struct TooMany: Error {}

    var port: Int? { channel.localAddress?.port }

    func say(_ answer: Answer) { self.answer.value.withLock { $0 = answer } }

    func stop() async { try? await channel.close().get() }
}

/// Answers each request and closes.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let current: AnswerServer.Current
    /// Who asks by HEAD wants to know how long an answer would be, and gets none.
    private var wantsBody = true

    init(_ current: AnswerServer.Current) { self.current = current }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): wantsBody = head.method != .HEAD
        case .body: break
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        let answer = current.value.withLock { $0 }
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status))
        for (name, value) in answer.headers.sorted(by: { $0.key < $1.key }) {
            head.headers.add(name: name, value: value)
        }
        head.headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
        head.headers.add(name: "Connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if wantsBody {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }
}
