public import Core
public import Model

/// A node as the network sees it: published for every node whose annotations are complete, the local one too.
///
/// Everything that one zone needs to know of another comes from here, so a zone never reads another's databases.
public struct NodeNetwork: Kind {
    public static let kind = "NodeNetwork"
    public static let terms = [isLocal, isRemote]
    public static let isLocal = Term<NodeNetwork>("local") { $0.isLocal }
    public static let isRemote = Term<NodeNetwork>("remote") { !$0.isLocal }

    public let name: String
    public let isLocal: Bool
    /// 2 to 5000; tunnel keys and the addresses on the join and transit switches follow from it.
    public let nodeID: Int
    /// The node's share of the cluster subnets, one per family, in the cluster's order of families.
    public let subnets: [IPNetwork]
    /// The node's addresses on the transit switch, with the switch's prefix length.
    public let transit: [IPNetwork]
    /// The addresses of the node's gateway router on the join switch, with the switch's prefix length.
    public let join: [IPNetwork]
    public let chassisID: String
    public let encapsulationAddresses: [IPAddress]

    public init(
        name: String, isLocal: Bool, nodeID: Int, subnets: [IPNetwork], transit: [IPNetwork], join: [IPNetwork],
        chassisID: String, encapsulationAddresses: [IPAddress]
    ) {
        self.name = name
        self.isLocal = isLocal
        self.nodeID = nodeID
        self.subnets = subnets
        self.transit = transit
        self.join = join
        self.chassisID = chassisID
        self.encapsulationAddresses = encapsulationAddresses
    }

    /// The first address of the node's subnet: the router's.
    public func gateway(_ family: Family) -> IPAddress? { subnet(family)?[1] }
    /// The second address: the node's own, on its management port.
    public func management(_ family: Family) -> IPAddress? { subnet(family)?[2] }

    public func subnet(_ family: Family) -> IPNetwork? { subnets.first { $0.family == family } }
    public func transit(_ family: Family) -> IPNetwork? { transit.first { $0.family == family } }
    public func join(_ family: Family) -> IPNetwork? { join.first { $0.family == family } }

    /// The MAC of the router's port to the node's switch; IPv4 decides if there is any.
    public var gatewayMAC: MACAddress? { mac { gateway($0) } }
    public var managementMAC: MACAddress? { mac { management($0) } }
    public var transitMAC: MACAddress? { mac { transit($0)?.address } }

    private func mac(_ address: (Family) -> IPAddress?) -> MACAddress? {
        (address(.v4) ?? address(.v6)).map(MACAddress.init(for:))
    }
}

extension [IPAddress] {
    /// The MAC that goes with these addresses: of the first IPv4 one, or of the first one.
    public var derivedMAC: MACAddress? {
        (first { $0.family == .v4 } ?? first).map(MACAddress.init(for:))
    }
}
