import NIOCore

/// Where a database server listens.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    case unix(String)
    case tcp(String, port: Int)
    /// TLS over tcp; needs a `Security`.
    case ssl(String, port: Int)

    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let text: String
        public var description: String {
            "\"\(text)\" is no database address; write unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT"
        }
    }

    /// Parses `unix:/run/ovn/ovnnb_db.sock`, `tcp:127.0.0.1:6641`, `ssl:[fd00::1]:6641`.
    public init(_ text: String) throws(Malformed) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Malformed(text: text) }
        if parts[0] == "unix" {
            self = .unix(parts[1])
            return
        }
        guard let colon = parts[1].lastIndex(of: ":"), let port = UInt16(parts[1][parts[1].index(after: colon)...])
        else { throw Malformed(text: text) }
        var host = parts[1][..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if host.isEmpty { throw Malformed(text: text) }
        switch parts[0] {
        case "tcp": self = .tcp(String(host), port: Int(port))
        case "ssl": self = .ssl(String(host), port: Int(port))
        default: throw Malformed(text: text)
        }
    }

    public var description: String {
        func join(_ host: String, _ port: Int) -> String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
        return switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): "tcp:\(join(host, port))"
        case .ssl(let host, let port): "ssl:\(join(host, port))"
        }
    }
}

/// How a connection is secured.
public struct Security: Sendable {
    /// Puts TLS at the front of a connected channel's pipeline; the answer succeeds when the handshake is done.
    ///
    /// Called for each connection, before anything is written to it.
    public let secure: @Sendable (any Channel) -> EventLoopFuture<Void>

    public init(secure: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>) { self.secure = secure }
}
