/// What is wrong with a JSON text, and at which byte.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public let offset: Int
    public let message: String
    public var description: String { "\(message) at byte \(offset)" }
}

/// How much a JSON text may ask of its reader.
public struct JSONLimits: Hashable, Sendable {
    public var bytes: Int
    public var depth: Int

    public init(bytes: Int = 8 << 20, depth: Int = 64) {
        self.bytes = bytes
        self.depth = depth
    }
}

extension JSON {
    /// Reads one value as RFC 8259 defines it; a key that occurs twice in one object is an error.
    public init(parsing text: some Sequence<UInt8>, limits: JSONLimits = .init()) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(text), depthLimit: limits.depth)
        guard parser.bytes.count <= limits.bytes else {
            throw JSONSyntaxError(offset: limits.bytes, message: "more than \(limits.bytes) bytes")
        }
        self = try parser.document()
    }

    public init(parsing text: some StringProtocol, limits: JSONLimits = .init()) throws(JSONSyntaxError) {
        try self.init(parsing: text.utf8, limits: limits)
    }

    /// Reads a number as JSON writes it; nil for anything else.
    public init?(number text: some StringProtocol) {
        var parser = JSONParser(bytes: Array(text.utf8), depthLimit: 0)
        guard let value = try? parser.number(), parser.position == parser.bytes.count else { return nil }
        self = value
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let depthLimit: Int
    var position = 0

    init(bytes: [UInt8], depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    private func fault(_ message: String, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(offset: offset ?? position, message: message)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    /// Steps over a byte if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func document() throws(JSONSyntaxError) -> JSON {
        let result = try value(depth: 0)
        skipBlanks()
        guard next == nil else { throw fault("unexpected text after the value") }
        return result
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        skipBlanks()
        guard let byte = next else { throw fault("unexpected end") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let text = word.description.utf8
        guard bytes[position...].starts(with: text) else { throw fault("expected a value") }
        position += text.count
        return value
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        guard depth <= depthLimit else { throw fault("nested more than \(depthLimit) deep") }
        position += 1
        var result = JSONObject()
        skipBlanks()
        if take("}") { return .object(result) }
        while true {
            skipBlanks()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
            let key = try string()
            guard result[key] == nil else { throw fault("key \"\(key)\" occurs twice", at: start) }
            skipBlanks()
            guard take(":") else { throw fault("expected ':'") }
            result[key] = try value(depth: depth)
            skipBlanks()
            if take("}") { return .object(result) }
            guard take(",") else { throw fault("expected ',' or '}'") }
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        guard depth <= depthLimit else { throw fault("nested more than \(depthLimit) deep") }
        position += 1
        var result: [JSON] = []
        skipBlanks()
        if take("]") { return .array(result) }
        while true {
            result.append(try value(depth: depth))
            skipBlanks()
            if take("]") { return .array(result) }
            guard take(",") else { throw fault("expected ',' or ']'") }
        }
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = position
        while let byte = next, (48...57).contains(byte) { position += 1 }
        guard position > start else { throw fault(start == bytes.count ? "unexpected end" : "expected a value") }
    }

    mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = position
        var isWhole = true
        _ = take("-")
        let first = position
        try digits()
        if bytes[first] == 48, position - first > 1 { throw fault("a number must not begin with 0", at: first) }
        if take(".") {
            isWhole = false
            try digits()
        }
        if take("e") || take("E") {
            isWhole = false
            _ = take("+") || take("-")
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let whole = Int(text) { return .integer(whole) }
        guard let real = Double(text), real.isFinite else { throw fault("number out of range", at: start) }
        return .real(real)
    }

    /// A string in quotes, which come next.
    private mutating func string() throws(JSONSyntaxError) -> String {
        let opening = position
        position += 1
        var start = position
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                text.append(contentsOf: bytes[start..<position])
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw fault("text is not UTF-8", at: opening)
                }
                position += 1
                return result
            case UInt8(ascii: "\\"):
                text.append(contentsOf: bytes[start..<position])
                position += 1
                text.append(contentsOf: String(try escaped()).utf8)
                start = position
            case 0..<0x20: throw fault("control character in a string")
            default: position += 1
            }
        }
        throw fault("the string has no end", at: opening)
    }

    private mutating func escaped() throws(JSONSyntaxError) -> Unicode.Scalar {
        guard let byte = next else { throw fault("unexpected end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode()
        default: throw fault("unknown escape", at: position - 2)
        }
    }

    private mutating func unicode() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = position - 2
        let high = try hex()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xdc00, take("\\"), take("u") else { throw fault("half of a surrogate pair", at: start) }
        let low = try hex()
        guard (0xdc00..<0xe000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xd800) << 10 + UInt32(low) - 0xdc00)
        else { throw fault("half of a surrogate pair", at: start) }
        return scalar
    }

    private mutating func hex() throws(JSONSyntaxError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw fault("unexpected end", at: bytes.count) }
        let text = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard text.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }), let value = UInt16(text, radix: 16) else {
            throw fault("expected four hexadecimal digits")
        }
        position += 4
        return value
    }
}
