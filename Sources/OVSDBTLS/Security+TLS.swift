import NIOCore
import NIOSSL
import NIOTLS
import OVSDB

extension Security {
    /// TLS with these files, which are read anew for each connection.
    public static func tls(_ files: CertificateFiles) -> Security {
        Security { channel in
            let done = channel.eventLoop.makePromise(of: Void.self)
            return channel.eventLoop.submit {
                do {
                    let handler = try NIOSSLClientHandler(context: files.context(), serverHostname: nil)
                    let pipeline = channel.pipeline.syncOperations
                    // The handshake begins, and can fail, as soon as its handler is in place: who listens comes first.
                    try pipeline.addHandler(HandshakeHandler(files: files, done: done), position: .first)
                    try pipeline.addHandler(handler, position: .first)
                } catch {
                    done.fail(error)
                }
            }
            .flatMap { done.futureResult }
        }
    }
}

/// Waits for the end of the handshake, and says in the user's terms what goes wrong with TLS.
private final class HandshakeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let files: CertificateFiles
    private let done: EventLoopPromise<Void>

    init(files: CertificateFiles, done: EventLoopPromise<Void>) {
        self.files = files
        self.done = done
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { done.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A server that ends, or is ended, takes no leave of its clients.
        let meaning: any Error =
            error as? NIOSSLError == .uncleanShutdown ? ConnectionFailure.closed : TLSFailure(error, files) ?? error
        done.fail(meaning)
        context.fireErrorCaught(meaning)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(ConnectionFailure.closed)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { done.fail(ConnectionFailure.closed) }
}
