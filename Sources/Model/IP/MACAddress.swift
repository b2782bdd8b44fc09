public import Core

/// An Ethernet address of 48 bits, written in lower case with colons.
public struct MACAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let number: UInt64

    public init(number: UInt64) { self.number = number & 0xffff_ffff_ffff }

    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        number = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            part.utf8.count == 2 && !part.hasPrefix("+") && !part.hasPrefix("-") ? UInt8(part, radix: 16) : nil
        }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.init(bytes: bytes)
    }

    /// The address that belongs to an IP address wherever OVN needs one: `0a:58` and the four bytes of the IPv4
    /// address; for IPv6 the first four bytes of the SHA-256 of its canonical text.
    public init(for address: IPAddress) {
        let tail = address.family == .v4 ? address.bytes : Array(SHA256.hash(address.description.utf8).prefix(4))
        number = tail.reduce(0x0a58) { $0 << 8 | UInt64($1) }
    }

    public var bytes: [UInt8] {
        stride(from: 40, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }

    public static func < (a: MACAddress, b: MACAddress) -> Bool { a.number < b.number }

    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

extension MACAddress: ColumnElement {
    public var value: Value { .string(description) }
}

extension MACAddress {
    /// The link-local IPv6 address that an interface with this MAC makes for itself (EUI-64).
    public var linkLocalAddress: IPAddress {
        let own = number ^ 0x0200_0000_0000
        let identifier = (own >> 24) << 40 | 0xff_fe00_0000 | (own & 0xff_ffff)
        return IPAddress(family: .v6, number: 0xfe80 << 112 | UInt128(identifier))
    }
}
