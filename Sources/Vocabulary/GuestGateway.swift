public import Model

/// The router as those see it that ask by DHCP: the same on every node, so that a machine that moves keeps it.
public enum GuestGateway {
    public static let mac = MACAddress(for: v4)
    private static let v4 = IPAddress(family: .v4, number: 0xa9fe_0101)
    /// The engine answers who looks for a router only where its port has more than a link-local address. Nobody uses
    /// this one.
    private static let anchor = IPAddress(family: .v6, number: 0xfd69_a9fe_0101 << 80 | 1)

    /// What a guest calls its router.
    public static func address(_ family: Family) -> IPAddress { family == .v4 ? v4 : mac.linkLocalAddress }

    /// What the router's port has: each alone on its network, for nothing is near a guest.
    public static func network(_ family: Family) -> IPNetwork { IPNetwork(host: family == .v4 ? v4 : anchor) }
}
