public import Core

/// An address on a device of the host. IPv6 addresses are set without duplicate address detection.
///
/// Waits for its device. An address that is there already is adopted; only addresses that the plane set are removed.
public struct HostAddress: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "HostAddress",
        columns: [.init("device", .scalar), .init("address", .scalar), .init("never_source", .scalar)],
        identity: .columns(["device", "address"]))

    public var device: String
    public var address: IPNetwork
    /// The kernel shall not choose it as a source by itself (a preferred lifetime of zero; IPv6 only).
    public var neverSource: Bool

    public init(device: String, address: IPNetwork, neverSource: Bool = false) {
        self.device = device
        self.address = address
        self.neverSource = neverSource
    }

    public var key: RowKey { .fixed("\(device) \(address)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, device)
        columns.scalar(1, address)
        columns.scalar(2, neverSource)
    }
}

/// A neighbour entry of a device of the host: permanent, or one that the kernel finds and keeps found.
public struct HostNeighbour: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "HostNeighbour",
        columns: [.init("device", .scalar), .init("address", .scalar), .init("mac", .scalar)],
        identity: .columns(["device", "address"]))

    public var device: String
    public var address: IPAddress
    /// Nil for a neighbour whom the kernel asks for it, again and again.
    public var mac: MACAddress?

    public init(device: String, address: IPAddress, mac: MACAddress?) {
        self.device = device
        self.address = address
        self.mac = mac
    }

    public var key: RowKey { .fixed("\(device) \(address)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, device)
        columns.scalar(1, address)
        columns.scalar(2, mac)
    }
}
