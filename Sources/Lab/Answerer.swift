import Model
import NIOCore
import NIOPosix

/// A server for tests and examples that tells clients, by TCP and UDP, who answers them and as whom they are seen.
///
/// Its words are one line: `web asked by 10.244.0.3 port 40112`. A client's own name for a datagram is of no interest;
/// on TCP it may speak, and is listened to until it ends, so that no answer is lost to a reset.
public struct Answerer: Sendable {
    /// What is done with a TCP connection after the first words.
    public enum Manner: Sendable {
        /// Ends the answer.
        case brief
        /// Sends back what comes, until the client ends.
        case echo
    }

    private let name: String
    private let manner: Manner

    public init(_ name: String, _ manner: Manner) {
        self.name = name
        self.manner = manner
    }

    /// Serves on all addresses until the process ends or a socket fails. `isReady` is called when clients may come.
    ///
    /// Throws `IOError` when a port cannot be had.
    public func run(port: Int, isReady: () -> Void = {}) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let connections = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in
                channel.pipeline.addHandler(Connection(self))
            }
            .bind(host: "::", port: port).get()
        let datagrams = try await DatagramBootstrap(group: group)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelInitializer { [self] channel in channel.pipeline.addHandler(Datagrams(self)) }
            .bind(host: "::", port: port).get()
        isReady()
        try await connections.closeFuture.get()
        try await datagrams.closeFuture.get()
    }

    private func words(to client: SocketAddress?, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let seen = Self.address(of: client).map { " asked by \($0) port \(client?.port ?? 0)" } ?? ""
        return allocator.buffer(string: "\(name)\(seen)\n")
    }

    /// The sockets are of IPv6, and have IPv4 mapped into it (RFC 4291 §2.5.5.2).
    private static func address(of client: SocketAddress?) -> IPAddress? {
        guard let address = client?.ipAddress.flatMap({ IPAddress($0) }) else { return nil }
        guard address.family == .v6, address.number >> 32 == 0xffff else { return address }
        return IPAddress(family: .v4, number: address.number & 0xffff_ffff)
    }

    /// As whom the words say that the client is seen.
    static func client(in words: some StringProtocol) -> IPAddress? {
        words.split(separator: " ").lazy.compactMap { IPAddress($0) }.first
    }

    private final class Connection: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let answerer: Answerer

        init(_ answerer: Answerer) { self.answerer = answerer }

        func channelActive(context: ChannelHandlerContext) {
            let words = answerer.words(to: context.remoteAddress, context.channel.allocator)
            context.writeAndFlush(NIOAny(words), promise: nil)
            if answerer.manner == .brief { context.close(mode: .output, promise: nil) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if answerer.manner == .echo { context.writeAndFlush(data, promise: nil) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event as? ChannelEvent == .inputClosed else { return }
            // After all that is still to be sent.
            context.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { [channel = context.channel] _ in
                channel.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Datagrams: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        private let answerer: Answerer

        init(_ answerer: Answerer) { self.answerer = answerer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let client = unwrapInboundIn(data).remoteAddress
            let words = answerer.words(to: client, context.channel.allocator)
            context.writeAndFlush(NIOAny(AddressedEnvelope(remoteAddress: client, data: words)), promise: nil)
        }

        /// The refusal of a client that is gone, say: others still come.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }
}
