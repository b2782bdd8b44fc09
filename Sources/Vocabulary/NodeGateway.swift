public import Core
public import Model

/// How the local node reaches the outside: found from the host's routes, published once it is certain.
public struct NodeGateway: Kind {
    public static let kind = "NodeGateway"

    /// Always `.`: there is one.
    public let name = "."
    /// The bridge that carries the node's addresses: `br-ex`.
    public let bridge: String
    /// The network card behind it.
    public let uplink: String
    /// Whether Ovenbird made the bridge and moves the card into it.
    public let isOurBridge: Bool
    public let mac: MACAddress
    /// The node's addresses on the bridge with their prefix lengths, the cluster's primary family first.
    public let addresses: [IPNetwork]
    /// At most one per family.
    public let nextHops: [IPAddress]

    public init(
        bridge: String, uplink: String, isOurBridge: Bool, mac: MACAddress, addresses: [IPNetwork],
        nextHops: [IPAddress]
    ) {
        self.bridge = bridge
        self.uplink = uplink
        self.isOurBridge = isOurBridge
        self.mac = mac
        self.addresses = addresses
        self.nextHops = nextHops
    }

    public func address(_ family: Family) -> IPNetwork? { addresses.first { $0.family == family } }
    public func nextHop(_ family: Family) -> IPAddress? { nextHops.first { $0.family == family } }
}
