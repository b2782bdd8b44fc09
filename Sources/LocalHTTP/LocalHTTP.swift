import Glibc

/// Asks a program on this machine over its unix socket, in HTTP, blocking.
///
/// For commands and for the CNI executable, which must start fast: no NIO, no Foundation.
public struct LocalHTTP: Sendable {
    public struct Answer: Sendable, Hashable {
        public let status: Int
        public let body: [UInt8]
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// Nobody listens: the request was not sent.
        case unreachable(socket: String, reason: String)
        /// The request may have been sent and even served, but there is no whole answer.
        case unanswered(socket: String, reason: String)

        public var description: String {
            switch self {
            case .unreachable(let socket, let reason): "nobody listens on \(socket): \(reason)"
            case .unanswered(let socket, let reason): "no answer from \(socket): \(reason)"
            }
        }
    }

    public let socket: String
    /// What one request may take, from connecting to the end of the answer.
    public let deadlineSeconds: Int

    public init(socket: String, deadlineSeconds: Int = 5) {
        self.socket = socket
        self.deadlineSeconds = deadlineSeconds
    }

    /// Sends a request and waits for its answer.
    public func ask(_ method: String, _ path: String, body: [UInt8] = []) throws(Failure) -> Answer {
        let connection = try Connection(to: socket, seconds: deadlineSeconds)
        let head = """
            \(method) \(path) HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/json\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        try connection.send(Array(head.utf8) + body)
        return try connection.answer()
    }
}

extension LocalHTTP.Answer {
    /// Reads a response whose head says how long it is; nil when it is none or a part is still missing.
    public init?(response bytes: [UInt8]) {
        guard let end = bytes.firstIndex(ofHeadEnd: ()) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let body = bytes[(end + 4)...]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            guard let length = Int(parts[1].filter { $0 != " " }), length <= body.count else { return nil }
            self.init(status: status, body: Array(body.prefix(length)))
            return
        }
        return nil
    }
}

extension [UInt8] {
    fileprivate func firstIndex(ofHeadEnd _: ()) -> Int? {
        guard count >= 4 else { return nil }
        return (0...(count - 4)).first {
            self[$0] == 13 && self[$0 + 1] == 10 && self[$0 + 2] == 13 && self[$0 + 3] == 10
        }
    }
}
