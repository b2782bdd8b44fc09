public import Core

/// An address with a prefix length: a network when the host bits are zero, else an interface's address in one.
public struct IPNetwork: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let address: IPAddress
    public let length: Int

    public init?(_ address: IPAddress, length: Int) {
        guard (0...address.family.bits).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    /// The address alone: /32 or /128.
    public init(host address: IPAddress) {
        self.address = address
        length = address.family.bits
    }

    /// Reads `10.244.0.0/16`; the length is required and has no leading zero.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]),
            String(length) == parts[1]
        else { return nil }
        self.init(address, length: length)
    }

    public var family: Family { address.family }

    /// `0.0.0.0/0` or `::/0`.
    public static func everything(_ family: Family) -> IPNetwork {
        IPNetwork(unchecked: IPAddress(family: family, number: 0), 0)
    }

    /// The bits that are the host's.
    private var hostMask: UInt128 {
        let host = family.bits - length
        return host == 128 ? .max : (1 << UInt128(host)) - 1
    }

    /// The same network with the host bits zero.
    public var network: IPNetwork { IPNetwork(unchecked: base, length) }

    /// The first address of the network.
    public var base: IPAddress { IPAddress(family: family, number: address.number & ~hostMask) }

    /// The last address of the network; in IPv4 its broadcast address.
    public var last: IPAddress { IPAddress(family: family, number: address.number | hostMask) }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && (other.number & ~hostMask) == base.number
    }

    public func overlaps(_ other: IPNetwork) -> Bool {
        other.family == family && (contains(other.base) || other.contains(base))
    }

    /// The n-th address of the network, counted from its base.
    public subscript(_ offset: Int) -> IPAddress { base + offset }

    /// How many addresses there are, or `Int.max` when that is too many to count.
    public var count: Int { family.bits - length >= 63 ? .max : 1 << (family.bits - length) }

    /// An address of this network with its prefix length: `10.244.1.5/24`.
    public func interface(_ address: IPAddress) -> IPNetwork { IPNetwork(unchecked: address, length) }

    private init(unchecked address: IPAddress, _ length: Int) {
        self.address = address
        self.length = length
    }

    public static func < (a: IPNetwork, b: IPNetwork) -> Bool { (a.address, a.length) < (b.address, b.length) }

    public var description: String { "\(address)/\(length)" }
}

extension IPNetwork: ColumnElement {
    public var value: Value { .string(description) }
}
