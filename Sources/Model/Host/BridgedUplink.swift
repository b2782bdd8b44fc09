public import Core

/// Moves a NIC's addresses and routes to the bridge that the NIC is a port of.
///
/// The plane waits until the bridge is there and has the NIC's MAC address, brings it up, and moves global addresses,
/// then routes, the default ones last; each keeps its metric, source and protocol. When the row goes, they move back.
public struct BridgedUplink: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "BridgedUplink",
        columns: [.init("nic", .scalar), .init("bridge", .scalar), .init("ingress_drop", .scalar)],
        identity: .columns(["nic"]))

    public var nic: String
    public var bridge: String
    /// Keeps the host's kernel from handling what the switch already gets from the NIC (userspace datapath).
    public var ingressDrop: Bool

    public init(nic: String, bridge: String, ingressDrop: Bool = true) {
        self.nic = nic
        self.bridge = bridge
        self.ingressDrop = ingressDrop
    }

    public var key: RowKey { .fixed(nic) }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, nic)
        columns.scalar(1, bridge)
        columns.scalar(2, ingressDrop)
    }
}

/// A fixed entry in the MAC learning table of a bridge, put there again after each start of the switch.
public struct ForwardingEntry: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "ForwardingEntry",
        columns: [.init("bridge", .scalar), .init("vlan", .scalar), .init("mac", .scalar), .init("port", .scalar)],
        identity: .columns(["bridge", "vlan", "mac"]))

    public var bridge: String
    /// 0 for untagged.
    public var vlan: Int
    public var mac: MACAddress
    /// The name of the port; the bridge's own name for its local port.
    public var port: String

    public init(bridge: String, port: String, vlan: Int = 0, mac: MACAddress) {
        self.bridge = bridge
        self.port = port
        self.vlan = vlan
        self.mac = mac
    }

    public var key: RowKey { .fixed("\(bridge) \(vlan) \(mac)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, bridge)
        columns.scalar(1, vlan)
        columns.scalar(2, mac)
        columns.scalar(3, port)
    }
}
