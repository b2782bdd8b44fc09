public import Core

/// The network settings that all nodes of the cluster share. There is one, named `cluster`.
public struct ClusterNetwork: Kind, Hashable {
    public static let kind = "ClusterNetwork"
    public static let singleton = "cluster"
    public var name: String { Self.singleton }

    /// A range for pods, cut into one subnet per node.
    public struct ClusterSubnet: Hashable, Sendable, CustomStringConvertible {
        public let network: IPNetwork
        /// The prefix length of each node's subnet.
        public let hostPrefix: Int
        public init(_ network: IPNetwork, hostPrefix: Int) {
            self.network = network
            self.hostPrefix = hostPrefix
        }
        public var description: String { "\(network)/\(hostPrefix)" }
    }

    /// Where Geneve is spoken unless somebody says otherwise (RFC 8926).
    public static let genevePort = 6081

    /// The families in use, the primary one first.
    public var families: [Family]
    public var clusterSubnets: [ClusterSubnet]
    public var serviceNetworks: [IPNetwork]
    public var joinSubnets: ByFamily<IPNetwork>
    public var transitSubnets: ByFamily<IPNetwork>
    public var masqueradeSubnets: ByFamily<IPNetwork>
    /// The MTU of pods.
    public var mtu: Int
    /// The MTU that pods' routes get while the cluster's MTU is being changed.
    public var routableMTU: Int?
    public var encapsulationPort: Int

    public init(
        families: [Family], clusterSubnets: [ClusterSubnet], serviceNetworks: [IPNetwork],
        joinSubnets: ByFamily<IPNetwork>, transitSubnets: ByFamily<IPNetwork>,
        masqueradeSubnets: ByFamily<IPNetwork>, mtu: Int = 1400, routableMTU: Int? = nil,
        encapsulationPort: Int = ClusterNetwork.genevePort
    ) {
        self.families = families
        self.clusterSubnets = clusterSubnets
        self.serviceNetworks = serviceNetworks
        self.joinSubnets = joinSubnets
        self.transitSubnets = transitSubnets
        self.masqueradeSubnets = masqueradeSubnets
        self.mtu = mtu
        self.routableMTU = routableMTU
        self.encapsulationPort = encapsulationPort
    }
}

extension ClusterNetwork {
    public var primaryFamily: Family { families.first ?? .v4 }

    /// What the tunnel adds to a packet of a pod.
    public var encapsulationOverhead: Int { families.contains(.v6) ? 78 : 58 }

    /// The fixed addresses of the masquerade subnet, by their offset.
    public enum MasqueradeAddress: Int, Hashable, Sendable, CaseIterable {
        /// Packets from OVN to the host.
        case ovn = 1
        /// Packets from the host to OVN.
        case host = 2
        /// Packets of services whose endpoint must be on this host.
        case hostLocal = 3
        /// A next hop that nobody has: routes need one.
        case dummyNextHop = 4
        /// A pod that reaches itself through a service.
        case hairpin = 5
    }

    public func masquerade(_ which: MasqueradeAddress, _ family: Family) -> IPAddress? {
        masqueradeSubnets[family]?[which.rawValue]
    }

    /// The address of a node's port on the transit switch, with the prefix length.
    public func transitAddress(of node: NodeID, _ family: Family) -> IPNetwork? {
        transitSubnets[family].map { $0.interface($0[node.number]) }
    }

    /// The address of a node's gateway router on the join switch, with the prefix length.
    public func joinAddress(of node: NodeID, _ family: Family) -> IPNetwork? {
        joinSubnets[family].map { $0.interface($0[node.number]) }
    }

    /// The address of the cluster router on the join switch, with the prefix length.
    public func clusterRouterJoinAddress(_ family: Family) -> IPNetwork? {
        joinSubnets[family].map { $0.interface($0[1]) }
    }
}
