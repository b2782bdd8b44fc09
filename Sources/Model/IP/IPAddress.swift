public import Core

/// The two families of IP.
public enum Family: Int, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case v4 = 4
    case v6 = 6

    /// The length of an address in bits.
    public var bits: Int { self == .v4 ? 32 : 128 }
    public var description: String { self == .v4 ? "IPv4" : "IPv6" }
    public static func < (a: Family, b: Family) -> Bool { a.rawValue < b.rawValue }
}

/// An IPv4 or IPv6 address.
///
/// Reads the dotted form without leading zeros, and the forms of RFC 4291; writes the canonical form of RFC 5952.
/// Zones (`%eth0`) are not part of an address.
public struct IPAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let family: Family
    /// The address as a number; for IPv4 the lower 32 bits.
    public let number: UInt128

    public init(family: Family, number: UInt128) {
        self.family = family
        self.number = family == .v4 ? number & 0xffff_ffff : number
    }

    /// From network byte order, 4 or 16 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.init(family: bytes.count == 4 ? .v4 : .v6, number: bytes.reduce(0) { $0 << 8 | UInt128($1) })
    }

    public init?(_ text: some StringProtocol) {
        if let number = Self.parseV4(text.utf8) {
            self.init(family: .v4, number: UInt128(number))
        } else if let number = Self.parseV6(text) {
            self.init(family: .v6, number: number)
        } else {
            return nil
        }
    }

    /// In network byte order.
    public var bytes: [UInt8] {
        stride(from: family.bits - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt128($0)) }
    }

    public static func + (address: IPAddress, offset: Int) -> IPAddress {
        IPAddress(family: address.family, number: address.number &+ UInt128(truncatingIfNeeded: offset))
    }

    public static func < (a: IPAddress, b: IPAddress) -> Bool { (a.family, a.number) < (b.family, b.number) }

    /// fe80::/10 or 169.254.0.0/16.
    public var isLinkLocal: Bool { family == .v4 ? number >> 16 == 0xa9fe : number >> 118 == 0x3fa }
    public var isLoopback: Bool { family == .v4 ? number >> 24 == 127 : number == 1 }
    public var isMulticast: Bool { family == .v4 ? number >> 28 == 14 : number >> 120 == 0xff }
    public var isUnspecified: Bool { number == 0 }

    public var description: String {
        family == .v4 ? bytes.map(String.init).joined(separator: ".") : Self.formatV6(number)
    }
}

extension IPAddress {
    private static func parseV4(_ text: some Collection<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (48...57).contains($0) }) else { return nil }
            guard part.count == 1 || part.first != 48 else { return nil }
            let octet = part.reduce(0) { $0 * 10 + UInt32($1 - 48) }
            guard octet <= 255 else { return nil }
            number = number << 8 | octet
        }
        return number
    }

    private static func parseV6(_ text: some StringProtocol) -> UInt128? {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        if let gap = text.firstRange(of: "::") {
            let tail = text[gap.upperBound...]
            guard tail.firstRange(of: "::") == nil, !tail.hasPrefix(":"),
                let head = groups(of: text[..<gap.lowerBound], mayEndDotted: false),
                let rest = groups(of: tail, mayEndDotted: true), head.count + rest.count < 8
            else { return nil }
            return join(head + Array(repeating: 0, count: 8 - head.count - rest.count) + rest)
        }
        guard let all = groups(of: text[...], mayEndDotted: true), all.count == 8 else { return nil }
        return join(all)
    }

    private static func join(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }

    /// The 16-bit groups of a part of an IPv6 address; the last may be a dotted IPv4 address.
    private static func groups(of text: some StringProtocol, mayEndDotted: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndDotted, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let number = parseV4(part.utf8) else { return nil }
                groups += [UInt16(number >> 16), UInt16(truncatingIfNeeded: number)]
            } else {
                guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16), !part.hasPrefix("+"),
                    !part.hasPrefix("-")
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    private static func formatV6(_ number: UInt128) -> String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: number >> UInt128(112 - 16 * $0)) }
        if groups[0..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff {
            return "::ffff:\(IPAddress(family: .v4, number: number & 0xffff_ffff))"
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        func hex(_ part: some Sequence<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? hex(groups) : "\(hex(groups[..<best.lowerBound]))::\(hex(groups[best.upperBound...]))"
    }
}

extension IPAddress: ColumnElement {
    public var value: Value { .string(description) }
}
