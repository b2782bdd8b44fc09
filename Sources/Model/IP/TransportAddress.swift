/// An address and the port there.
public struct TransportAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let address: IPAddress
    public let port: Int

    public init(_ address: IPAddress, _ port: Int) {
        self.address = address
        self.port = port
    }

    /// `10.0.0.1:80`, `[fd00::1]:80`; nil for anything else, also for an address without port.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard let address = IPAddress(isBracketed ? host.dropFirst().dropLast() : host),
            isBracketed == (address.family == .v6)
        else { return nil }
        self.init(address, port)
    }

    public static func < (a: Self, b: Self) -> Bool { (a.address, a.port) < (b.address, b.port) }

    /// As the engine writes it: `10.0.0.1:80`, `[fd00::1]:80`.
    public var description: String { address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
