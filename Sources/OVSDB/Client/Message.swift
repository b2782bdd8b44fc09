/// A JSON-RPC message, its bulky part unread.
struct Message {
    enum Kind {
        /// The answer to our request of this number.
        case reply(Int)
        /// A request of the peer, whose id must come back as it is.
        case request(String, id: [UInt8])
        case notification(String)
    }

    let bytes: [UInt8]
    let kind: Kind
    /// Where `result` or `params` stands.
    let body: Range<Int>
    /// Set when the reply is an error.
    let error: JSONValue?

    var cursor: JSONCursor { JSONCursor(bytes, body) }

    init(_ bytes: [UInt8]) throws(BadJSON) {
        var cursor = JSONCursor(bytes)
        var members: [String: Range<Int>] = [:]
        try cursor.object { (name, cursor) throws(BadJSON) in members[name] = try cursor.skip() }
        func value(_ name: String) throws(BadJSON) -> JSONValue? {
            guard let range = members[name] else { return nil }
            var inner = JSONCursor(bytes, range)
            let value = try inner.value()
            return value == .null ? nil : value
        }
        self.bytes = bytes
        let id = try value("id")
        if let method = try value("method")?.text {
            guard let params = members["params"] else { throw cursor.fail("params in a request") }
            body = params
            error = nil
            kind =
                if id != nil, let range = members["id"] {
                    .request(method, id: Array(bytes[range]))
                } else {
                    .notification(method)
                }
            return
        }
        error = try value("error")
        guard let result = members["result"] ?? members["error"], let number = id?.number else {
            throw cursor.fail("a method, or a result with our id")
        }
        body = result
        kind = .reply(number)
    }
}
