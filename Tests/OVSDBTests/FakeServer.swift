import NIOCore
import NIOPosix
import Synchronization

@testable import OVSDB

/// A peer that answers as a test says, to see what real servers here do not do: old methods, echo requests, nonsense.
final class FakeServer: Sendable {
    let port: Int
    /// The methods that were asked for, the bodies of replies, and `closed` for each connection that ends.
    let heard: AsyncStream<String>
    private let channel: any Channel

    /// `answer` gets a method and the id of the request; what it returns is sent as it is.
    init(_ answer: @escaping @Sendable (String, Int) -> [String]) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        heard = stream
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(FrameDecoder()), Handler(answer: answer, hear: { continuation.yield($0) }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = [UInt8]
        typealias OutboundOut = ByteBuffer

        let answer: @Sendable (String, Int) -> [String]
        let hear: @Sendable (String) -> Void

        init(answer: @escaping @Sendable (String, Int) -> [String], hear: @escaping @Sendable (String) -> Void) {
            self.answer = answer
            self.hear = hear
        }

        func channelInactive(context: ChannelHandlerContext) {
            hear("closed")
            context.fireChannelInactive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            guard let value = try? JSONValue(parsing: bytes) else { return }
            guard let method = value["method"]?.text else {
                hear("reply \(String(decoding: bytes, as: UTF8.self))")
                return
            }
            hear(method)
            for text in answer(method, value["id"]?.number ?? 0) {
                context.write(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            }
            context.flush()
        }
    }
}
