public import Core

/// Settings of a link that somebody else makes, such as the management port or an uplink.
///
/// Applied when the link appears and again when somebody changes it; what no row asks for is left alone, and stays
/// as it is when the row goes. Several modules may each contribute settings of one link.
public struct HostLink: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "HostLink",
        columns: [
            .init("device", .scalar), .init("up", .scalar), .init("mtu", .scalar), .init("mac", .scalar),
            .init("addr_gen_mode", .scalar), .init("ingress_drop", .scalar),
        ], identity: .columns(["device"]))

    public var device: String
    public var up: Bool?
    public var mtu: Int?
    public var mac: MACAddress?
    /// How the kernel makes link-local addresses: 0 from the MAC address, 1 not at all.
    public var addressGenerationMode: Int?
    /// Keeps the kernel from handling what the switch already gets from this port (userspace datapath). In force
    /// before `up` is. Never on a bridge's own port or the management port.
    public var ingressDrop: Bool?

    public init(
        device: String, up: Bool? = nil, mtu: Int? = nil, mac: MACAddress? = nil, addressGenerationMode: Int? = nil,
        ingressDrop: Bool? = nil
    ) {
        self.device = device
        self.up = up
        self.mtu = mtu
        self.mac = mac
        self.addressGenerationMode = addressGenerationMode
        self.ingressDrop = ingressDrop
    }

    public var key: RowKey { .fixed(device) }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, device)
        columns.scalar(1, up)
        columns.scalar(2, mtu)
        columns.scalar(3, mac)
        columns.scalar(4, addressGenerationMode)
        columns.scalar(5, ingressDrop)
    }
}

/// A kernel setting, by its path below `/proc/sys`: `net/ipv4/conf/br-ex/forwarding`.
///
/// Applied when the path appears. It keeps its value when the row goes.
public struct Sysctl: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "Sysctl", columns: [.init("path", .scalar), .init("value", .scalar)],
        identity: .columns(["path"]))

    /// With slashes, since names of devices may hold dots.
    public var path: String
    public var setting: String

    public init(_ path: String, _ setting: String) {
        self.path = path
        self.setting = setting
    }

    public var key: RowKey { .fixed(path) }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, path)
        columns.scalar(1, setting)
    }
}
