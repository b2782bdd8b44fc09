import NIOCore

/// A request on its way out. `reply` is called once, on the connection's loop, before anything that came later.
struct Call: Sendable {
    let method: StaticString
    let params: [UInt8]
    let reply: @Sendable (Result<Message, any Error>) -> Void
}

/// Why a request has no answer.
public enum ConnectionFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case notConnected
    case closed
    case silent(seconds: Int)
    case unsecured
    case refused(method: String, String)

    public var description: String {
        switch self {
        case .notConnected: "there is no connection to the database server"
        case .closed: "the database server closed the connection"
        case .silent(let seconds): "the database server said nothing for \(seconds) seconds"
        case .unsecured: "TLS needs a private key, a certificate and the certificate of an authority; none are set"
        case .refused(let method, let words): "the database server refuses \(method): \(words)"
        }
    }
}

/// Speaks JSON-RPC on one connection: matches replies with calls, answers echo, hands on notifications.
final class SessionHandler: ChannelDuplexHandler {
    typealias InboundIn = [UInt8]
    typealias OutboundIn = Call
    typealias OutboundOut = ByteBuffer

    private let probe: TimeAmount
    private let notify: @Sendable (String, Message) throws -> Void
    /// Told why the connection ends, when it is not the peer that ends it.
    private let explain: @Sendable (any Error) -> Void
    private var pending: [Int: Call] = [:]
    private var lastNumber = 0
    private var heardSinceProbe = true
    private var timer: RepeatedTask?

    init(
        probe: TimeAmount, explain: @escaping @Sendable (any Error) -> Void,
        notify: @escaping @Sendable (String, Message) throws -> Void
    ) {
        self.probe = probe
        self.explain = explain
        self.notify = notify
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: probe, delay: probe) { _ in
            let (handler, context) = bound.value
            handler.probe(context)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        failAll(ConnectionFailure.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        explain(error)
        failAll(error)
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardSinceProbe = true
        do {
            let message = try Message(unwrapInboundIn(data))
            switch message.kind {
            case .reply(let number): pending.removeValue(forKey: number)?.reply(.success(message))
            case .request("echo", let id): answer(id, echoing: message, context)
            case .request(let method, _): throw BadJSON(at: 0, expected: "no request \(method)")
            case .notification(let method): try notify(method, message)
            }
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let call = unwrapOutboundIn(data)
        lastNumber += 1
        pending[lastNumber] = call
        var writer = JSONWriter()
        writer.raw("{\"id\":")
        writer.integer(lastNumber)
        writer.raw(",\"method\":\"")
        writer.raw(call.method)
        writer.raw("\",\"params\":")
        writer.raw(call.params)
        writer.raw("}")
        context.write(wrapOutboundOut(ByteBuffer(bytes: writer.bytes)), promise: promise)
    }

    private func answer(_ id: [UInt8], echoing message: Message, _ context: ChannelHandlerContext) {
        var writer = JSONWriter()
        writer.raw("{\"id\":")
        writer.raw(id)
        writer.raw(",\"error\":null,\"result\":")
        writer.raw(Array(message.bytes[message.body]))
        writer.raw("}")
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: writer.bytes)), promise: nil)
    }

    /// Asks for a sign of life when there was none since the last time, and gives up when even that is not answered.
    private func probe(_ context: ChannelHandlerContext) {
        guard !heardSinceProbe else {
            heardSinceProbe = false
            write(
                context: context,
                data: NIOAny(Call(method: "echo", params: Array("[]".utf8), reply: { _ in })), promise: nil)
            context.flush()
            return
        }
        errorCaught(context: context, error: ConnectionFailure.silent(seconds: Int(probe.nanoseconds / 1_000_000_000)))
    }

    private func failAll(_ error: any Error) {
        let calls = pending.sorted { $0.key < $1.key }.map(\.value)
        pending = [:]
        for call in calls { call.reply(.failure(error)) }
    }
}
