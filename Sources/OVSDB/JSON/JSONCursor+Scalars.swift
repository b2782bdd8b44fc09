extension JSONCursor {
    enum Number {
        case integer(Int)
        case real(Double)
    }

    mutating func number() throws(BadJSON) -> Number {
        _ = try peek()
        let start = offset
        var isReal = false
        var position = offset
        scan: while position < end {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isReal = true
            default: break scan
            }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if !isReal, let integer = Int(text) {
            advance(to: position)
            return .integer(integer)
        }
        guard position > start, let real = Double(text), real.isFinite else { throw fail("a value") }
        advance(to: position)
        return .real(real)
    }

    mutating func integer() throws(BadJSON) -> Int {
        guard case .integer(let integer) = try number() else { throw fail("an integer") }
        return integer
    }

    mutating func boolean() throws(BadJSON) -> Bool {
        if try peek() == UInt8(ascii: "t") {
            try word("true")
            return true
        }
        try word("false")
        return false
    }

    mutating func string() throws(BadJSON) -> String {
        let (inner, escaped) = try passString()
        if !escaped {
            guard let text = String(validating: bytes[inner], as: UTF8.self) else { throw fail("UTF-8") }
            return text
        }
        return try unescape(inner)
    }

    /// Passes over a string: where its inside stands, and whether it has escapes.
    @discardableResult
    mutating func passString() throws(BadJSON) -> (inner: Range<Int>, escaped: Bool) {
        try expect("\"")
        let start = offset
        var position = offset
        var escaped = false
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                advance(to: position + 1)
                return (start..<position, escaped)
            case UInt8(ascii: "\\"):
                escaped = true
                position += 2
            case 0..<0x20:
                throw fail("no control character in a string")
            default:
                position += 1
            }
        }
        throw fail("the end of a string")
    }

    private func unescape(_ inner: Range<Int>) throws(BadJSON) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(inner.count)
        var position = inner.lowerBound
        while position < inner.upperBound {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                continue
            }
            guard position < inner.upperBound else { throw fail("an escape") }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "n"): out.append(0x0a)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0d)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0c)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(escape)
            case UInt8(ascii: "u"): out += try scalar(inner.upperBound, &position).utf8
            default: throw fail("a known escape")
            }
        }
        guard let text = String(validating: out, as: UTF8.self) else { throw fail("UTF-8") }
        return text
    }

    /// The character of `\uXXXX`, or of two of them that make a surrogate pair.
    private func scalar(_ limit: Int, _ position: inout Int) throws(BadJSON) -> String {
        var unit = try hex(limit, &position)
        if (0xd800..<0xdc00).contains(unit) {
            guard position + 1 < limit, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { throw fail("the second half of a surrogate pair") }
            position += 2
            let low = try hex(limit, &position)
            guard (0xdc00..<0xe000).contains(low) else { throw fail("the second half of a surrogate pair") }
            unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(unit) else { throw fail("a character") }
        return String(Character(scalar))
    }

    private func hex(_ limit: Int, _ position: inout Int) throws(BadJSON) -> UInt32 {
        guard position + 4 <= limit else { throw fail("four hexadecimal digits") }
        var unit: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = RowUUID.digit(byte) else { throw fail("four hexadecimal digits") }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }
}
