import Core

/// A bridge of the node's switch.
public struct OVSBridge: Kind {
    public static let kind = "OVSBridge"
    public var name: String
    /// `system` or `netdev`; empty is `system`.
    public var datapathType: String
    /// `external_ids:bridge-uplink`: the NIC that gives this bridge its way out.
    public var uplink: String?
    /// Whether the row bears our tag.
    public var owned: Bool
    /// The names of its ports, sorted.
    public var ports: [String]
    /// `other_config:hwaddr`.
    public var hwaddr: String?
    /// The conntrack zones that ovn-controller uses, by its `external_ids:ct-zone-…`; sorted.
    public var zones: [Int]

    public init(
        name: String, datapathType: String = "", uplink: String? = nil, owned: Bool = false, ports: [String] = [],
        hwaddr: String? = nil, zones: [Int] = []
    ) {
        self.name = name
        self.datapathType = datapathType
        self.uplink = uplink
        self.owned = owned
        self.ports = ports.sorted()
        self.hwaddr = hwaddr
        self.zones = zones.sorted()
    }
}
