public import Core

/// Where pods' packets to the outside leave the node.
public enum GatewayMode: String, Hashable, Sendable, CaseIterable {
    /// From OVN straight to the uplink.
    case shared
    /// Through the host's own routes.
    case local
    /// Nowhere.
    case disabled = ""
}

/// The datapath of Open vSwitch.
public enum Datapath: String, Hashable, Sendable, CaseIterable {
    /// In userspace.
    case netdev
    /// In the kernel.
    case system
}

/// The settings of the node that this daemon runs on. There is one, named `.`.
public struct LocalNode: Kind, Hashable {
    public static let kind = "LocalNode"
    public static let singleton = "."
    public var name: String { Self.singleton }

    /// The name of its `Node`.
    public var nodeName: String
    public var gateway: Gateway
    public var datapath: Datapath
    /// Empty: the node's primary address.
    public var encapsulationAddresses: [IPAddress]
    /// There is no other node, so no tunnel and no overhead.
    public var isSingleNode: Bool
    /// The first of the conntrack zones that belong to the host side: +1 host, +2 OVN, +3 node ports, +4 fragments.
    public var conntrackZone: Int
    public var controller: Controller

    /// What the user says about the gateway; what is nil is found out on the host.
    public struct Gateway: Hashable, Sendable {
        public var mode: GatewayMode
        public var interface: String?
        public var nextHops: [IPAddress]
        public var vlan: Int?
        public var nodePort: Bool
        /// The source ports of what leaves by the node's address; disjoint from those that the host's kernel uses.
        public var ephemeralPorts: ClosedRange<Int>
        public var disablePacketMTUCheck: Bool
        public var disableForwarding: Bool
        public var disableSNATMultipleGateways: Bool
        public var allowNoUplink: Bool
        public var egressInterface: String?

        public init(
            mode: GatewayMode = .disabled, interface: String? = nil, nextHops: [IPAddress] = [], vlan: Int? = nil,
            nodePort: Bool = false, ephemeralPorts: ClosedRange<Int> = 61000...65535,
            disablePacketMTUCheck: Bool = false, disableForwarding: Bool = false,
            disableSNATMultipleGateways: Bool = false, allowNoUplink: Bool = false, egressInterface: String? = nil
        ) {
            self.mode = mode
            self.interface = interface
            self.nextHops = nextHops
            self.vlan = vlan
            self.nodePort = nodePort
            self.ephemeralPorts = ephemeralPorts
            self.disablePacketMTUCheck = disablePacketMTUCheck
            self.disableForwarding = disableForwarding
            self.disableSNATMultipleGateways = disableSNATMultipleGateways
            self.allowNoUplink = allowNoUplink
            self.egressInterface = egressInterface
        }
    }

    /// Settings that are handed on to ovn-controller.
    public struct Controller: Hashable, Sendable {
        /// In milliseconds.
        public var inactivityProbe: Int
        /// In seconds; 0 is off.
        public var openflowProbe: Int
        public var monitorAll: Bool
        public var logicalFlowCache: Bool
        /// Where the zone's southbound database listens: `unix:/run/ovn/ovnsb_db.sock`.
        public var southbound: String

        public init(
            inactivityProbe: Int = 100_000, openflowProbe: Int = 0, monitorAll: Bool = true,
            logicalFlowCache: Bool = true, southbound: String = "unix:/run/ovn/ovnsb_db.sock"
        ) {
            self.inactivityProbe = inactivityProbe
            self.openflowProbe = openflowProbe
            self.monitorAll = monitorAll
            self.logicalFlowCache = logicalFlowCache
            self.southbound = southbound
        }
    }

    public init(
        nodeName: String, gateway: Gateway = .init(), datapath: Datapath = .system,
        encapsulationAddresses: [IPAddress] = [], isSingleNode: Bool = false, conntrackZone: Int = 64000,
        controller: Controller = .init()
    ) {
        self.nodeName = nodeName
        self.gateway = gateway
        self.datapath = datapath
        self.encapsulationAddresses = encapsulationAddresses
        self.isSingleNode = isSingleNode
        self.conntrackZone = conntrackZone
        self.controller = controller
    }
}
