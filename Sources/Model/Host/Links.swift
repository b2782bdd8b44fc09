public import Core

/// A network device of the daemon's namespace.
public struct Link: Kind {
    public static let kind = "Link"

    public let name: String
    public let index: Int
    public let mac: MACAddress?
    public let mtu: Int
    /// Whether somebody has set it up, not whether a cable is plugged in.
    public let isUp: Bool
    /// What the kernel calls its type: `veth`, `openvswitch`, `tun`; empty for a physical device.
    public let type: String
    /// The name of the device that it is enslaved to, as the kernel sees it.
    public let master: String?

    public init(
        name: String, index: Int, mac: MACAddress?, mtu: Int, isUp: Bool, type: String = "", master: String? = nil
    ) {
        self.name = name
        self.index = index
        self.mac = mac
        self.mtu = mtu
        self.isUp = isUp
        self.type = type
        self.master = master
    }
}

/// An address of a device of the daemon's namespace; its name is `DEVICE/ADDRESS/LENGTH`.
public struct LinkAddress: Kind {
    public static let kind = "LinkAddress"

    public enum Scope: Int, Sendable, Hashable {
        case global = 0
        case site = 200
        case link = 253
        case host = 254
    }

    public let device: String
    public let address: IPNetwork
    public let scope: Scope
    /// Comes from router advertisements or DHCP and may go by itself.
    public let isTemporary: Bool
    /// The kernel does not choose it as a source.
    public let isDeprecated: Bool
    /// Duplicate address detection has not finished, or failed: not usable.
    public let isTentative: Bool

    public var name: String { "\(device)/\(address)" }

    public init(
        device: String, address: IPNetwork, scope: Scope = .global, isTemporary: Bool = false,
        isDeprecated: Bool = false, isTentative: Bool = false
    ) {
        self.device = device
        self.address = address
        self.scope = scope
        self.isTemporary = isTemporary
        self.isDeprecated = isDeprecated
        self.isTentative = isTentative
    }
}

/// A unicast route in one of the tables that the daemon looks at.
public struct Route: Kind {
    public static let kind = "Route"

    public struct NextHop: Hashable, Sendable, CustomStringConvertible {
        public let device: String
        public let gateway: IPAddress?

        public init(device: String, gateway: IPAddress? = nil) {
            self.device = device
            self.gateway = gateway
        }

        public var description: String { (gateway.map { "via \($0) " } ?? "") + "dev \(device)" }
    }

    /// `::/0` or `0.0.0.0/0` for a default route.
    public let destination: IPNetwork
    /// One, or several of a multipath route, in the kernel's order.
    public let nextHops: [NextHop]
    public let metric: Int
    public let table: Int
    public let source: IPAddress?
    /// Who made it: 2 the kernel, 3 boot, 4 static, 9 router advertisement, 16 DHCP.
    public let origin: Int

    public var family: Family { destination.family }
    public var isDefault: Bool { destination.length == 0 }
    public var device: String? { nextHops.first?.device }
    public var gateway: IPAddress? { nextHops.first?.gateway }

    /// `10.0.0.0/8 via 10.1.0.1 dev e0 table 254 metric 100`.
    public var name: String {
        "\(destination) \(nextHops.map(\.description).joined(separator: " ")) table \(table) metric \(metric)"
    }

    public init(
        destination: IPNetwork, nextHops: [NextHop], metric: Int, table: Int = 254, source: IPAddress? = nil,
        origin: Int = 4
    ) {
        self.destination = destination
        self.nextHops = nextHops
        self.metric = metric
        self.table = table
        self.source = source
        self.origin = origin
    }
}
