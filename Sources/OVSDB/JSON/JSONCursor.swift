/// A text that is not the JSON that was expected.
public struct BadJSON: Error, Hashable, Sendable, CustomStringConvertible {
    /// Offset in bytes.
    public let offset: Int
    public let expected: String

    public init(at offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }

    public var description: String { "bad JSON at byte \(offset): expected \(expected)" }
}

/// Reads JSON from bytes, front to back, straight into what the caller wants; any input ends in a value or a throw.
struct JSONCursor {
    static let depthLimit = 200

    let bytes: [UInt8]
    private(set) var offset: Int
    let end: Int
    private var depth = 0

    init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = max(0, range.lowerBound)
        end = min(bytes.count, range.upperBound)
    }

    func fail(_ expected: String) -> BadJSON { BadJSON(at: offset, expected: expected) }

    /// The next byte that is not white space, which stays.
    mutating func peek() throws(BadJSON) -> UInt8 {
        while offset < end {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0a, 0x0d: offset += 1
            default: return bytes[offset]
            }
        }
        throw fail("a value")
    }

    mutating func expect(_ character: Unicode.Scalar) throws(BadJSON) {
        guard try peek() == UInt8(truncatingIfNeeded: character.value) else { throw fail("\(character)") }
        offset += 1
    }

    /// Takes the character if it is next.
    mutating func take(_ character: Unicode.Scalar) throws(BadJSON) -> Bool {
        guard try peek() == UInt8(truncatingIfNeeded: character.value) else { return false }
        offset += 1
        return true
    }

    mutating func isAtEnd() -> Bool { (try? peek()) == nil }

    /// Calls `member` for each name of an object; it must read the value.
    mutating func object(
        _ member: (String, inout JSONCursor) throws(BadJSON) -> Void
    ) throws(BadJSON) {
        try expect("{")
        try enter()
        if try !take("}") {
            repeat {
                guard try peek() == UInt8(ascii: "\"") else { throw fail("a name") }
                let name = try string()
                try expect(":")
                try member(name, &self)
            } while try take(",")
            try expect("}")
        }
        depth -= 1
    }

    /// Calls `element` for each element of an array; it must read the value.
    mutating func array(_ element: (inout JSONCursor) throws(BadJSON) -> Void) throws(BadJSON) {
        try expect("[")
        try enter()
        if try !take("]") {
            repeat { try element(&self) } while try take(",")
            try expect("]")
        }
        depth -= 1
    }

    private mutating func enter() throws(BadJSON) {
        depth += 1
        if depth > Self.depthLimit { throw fail("fewer than \(Self.depthLimit) levels") }
    }

    /// `true`, `false` or `null`, as the caller says.
    mutating func word(_ word: StaticString) throws(BadJSON) {
        let count = word.utf8CodeUnitCount
        guard offset + count <= end, bytes[offset..<offset + count].elementsEqual("\(word)".utf8) else {
            throw fail("\(word)")
        }
        offset += count
    }

    /// Passes over one value and answers where it stands.
    mutating func skip() throws(BadJSON) -> Range<Int> {
        let first = try peek()
        let start = offset
        switch first {
        case UInt8(ascii: "{"): try object { (_, cursor) throws(BadJSON) in _ = try cursor.skip() }
        case UInt8(ascii: "["): try array { (cursor) throws(BadJSON) in _ = try cursor.skip() }
        case UInt8(ascii: "\""): try passString()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: _ = try number()
        }
        return start..<offset
    }

    mutating func advance(to new: Int) { offset = new }
}
