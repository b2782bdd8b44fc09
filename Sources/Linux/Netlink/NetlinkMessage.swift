import CLinux
public import Model

/// A netlink message under construction: header, fixed part, attributes. Everything is padded to four bytes.
public struct NetlinkMessage: Sendable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        public static let request = Flags(rawValue: 0x1)
        public static let acknowledge = Flags(rawValue: 0x4)
        public static let dump = Flags(rawValue: 0x300)
        /// Makes what is not there.
        public static let create = Flags(rawValue: 0x400)
        /// Changes what is there.
        public static let replace = Flags(rawValue: 0x100)
        /// Fails when it is there.
        public static let exclusive = Flags(rawValue: 0x200)
    }

    public private(set) var bytes: [UInt8] = []
    /// What it does, for the reader of an error: `add address 10.0.0.1/24 to eth0`.
    public let purpose: String

    static let headerLength = 16

    public init(_ purpose: String, type: Int, flags: Flags) {
        self.purpose = purpose
        append(UInt32(0))
        append(UInt16(type))
        append(flags.union(.request).rawValue)
        append(UInt32(0))
        append(UInt32(0))
    }

    /// Appends a number in the machine's byte order.
    public mutating func append(_ number: some FixedWidthInteger) {
        let little = number.littleEndian
        for shift in stride(from: 0, to: little.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: little >> shift))
        }
    }

    private mutating func pad() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    private mutating func patch(_ offset: Int, _ length: Int) {
        bytes[offset] = UInt8(truncatingIfNeeded: length)
        bytes[offset + 1] = UInt8(truncatingIfNeeded: length >> 8)
    }

    public mutating func attribute(_ type: Int, _ payload: some Collection<UInt8>) {
        append(UInt16(payload.count + 4))
        append(UInt16(type))
        bytes.append(contentsOf: payload)
        pad()
    }

    public mutating func attribute(_ type: Int, string: String) { attribute(type, Array(string.utf8) + [0]) }

    public mutating func attribute(_ type: Int, number: some FixedWidthInteger) {
        nested(type, mark: false) { $0.append(number) }
    }

    public mutating func attribute(_ type: Int, _ address: IPAddress) { attribute(type, address.bytes) }

    /// An attribute that holds others. The kernel wants its type marked as nested in newer messages, and does not
    /// mind in older ones.
    public mutating func nested(_ type: Int, mark: Bool = true, _ body: (inout NetlinkMessage) -> Void) {
        let start = bytes.count
        append(UInt16(0))
        append(UInt16(mark ? type | 0x8000 : type))
        body(&self)
        patch(start, bytes.count - start)
        pad()
    }

    /// The bytes to send.
    func sealed(sequence: UInt32) -> [UInt8] {
        var sealed = bytes
        for index in 0..<4 {
            sealed[index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index))
            sealed[8 + index] = UInt8(truncatingIfNeeded: sequence >> UInt32(8 * index))
        }
        return sealed
    }
}

/// A netlink message that came in.
public struct NetlinkReply: Sendable {
    public let type: Int
    let flags: UInt16
    let sequence: UInt32
    /// What follows the header.
    public let payload: ArraySlice<UInt8>

    /// Cuts what one read returned into messages; stops at a message that is cut off.
    static func split(_ bytes: ArraySlice<UInt8>) -> [NetlinkReply] {
        var replies: [NetlinkReply] = []
        var rest = bytes
        while rest.count >= NetlinkMessage.headerLength {
            let length = Int(rest.number(UInt32.self, at: 0))
            guard length >= NetlinkMessage.headerLength, length <= rest.count else { break }
            replies.append(
                NetlinkReply(
                    type: Int(rest.number(UInt16.self, at: 4)), flags: rest.number(at: 6), sequence: rest.number(at: 8),
                    payload: rest.prefix(length).dropFirst(NetlinkMessage.headerLength)))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return replies
    }
}

/// The attributes of a message, by type. Of a type that occurs twice the last one counts.
public struct NetlinkAttributes: Sendable {
    private var values: [Int: ArraySlice<UInt8>] = [:]

    public init(_ bytes: ArraySlice<UInt8>) {
        for (type, value) in Self.list(bytes) { values[type] = value }
    }

    /// All attributes in their order.
    public static func list(_ bytes: ArraySlice<UInt8>) -> [(type: Int, value: ArraySlice<UInt8>)] {
        var found: [(Int, ArraySlice<UInt8>)] = []
        var rest = bytes
        while rest.count >= 4 {
            let length = Int(rest.number(UInt16.self, at: 0))
            guard length >= 4, length <= rest.count else { break }
            found.append((Int(rest.number(UInt16.self, at: 2) & 0x3fff), rest.prefix(length).dropFirst(4)))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return found
    }

    public subscript(_ type: Int) -> ArraySlice<UInt8>? { values[type] }

    public func string(_ type: Int) -> String? {
        values[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    public func number(_ type: Int) -> Int? {
        guard let value = values[type], (1...8).contains(value.count) else { return nil }
        return Int(truncatingIfNeeded: value.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    public func address(_ type: Int) -> IPAddress? { values[type].flatMap { IPAddress(bytes: $0) } }

    public func nested(_ type: Int) -> NetlinkAttributes? { values[type].map { NetlinkAttributes($0) } }
}

extension ArraySlice<UInt8> {
    /// A number in the machine's byte order at an offset from the start; zero where the bytes end.
    func number<Number: FixedWidthInteger>(_: Number.Type = Number.self, at offset: Int) -> Number {
        var number: Number = 0
        for index in 0..<(Number.bitWidth / 8) where offset + index < count {
            number |= Number(truncatingIfNeeded: self[startIndex + offset + index]) << Number(8 * index)
        }
        return number
    }
}
