public import Core

/// A route of the host. Waits for its device and its source address.
///
/// The plane marks its routes with a protocol number of its own; routes of others are never touched.
public struct HostRoute: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "HostRoute",
        columns: [
            .init("destination", .scalar), .init("table", .scalar), .init("metric", .scalar), .init("device", .scalar),
            .init("gateway", .scalar), .init("source", .scalar), .init("mtu", .scalar),
        ], identity: .columns(["destination", "table", "metric", "device"]))

    /// The number of the main routing table.
    public static let mainTable = 254

    /// `0.0.0.0/0` or `::/0` for a default route.
    public var destination: IPNetwork
    public var routingTable: Int
    /// What the kernel takes when none is said: 0 for IPv4, 1024 for IPv6.
    public var metric: Int
    public var device: String
    public var gateway: IPAddress?
    /// The source address of the host's own packets on this route.
    public var source: IPAddress?
    public var mtu: Int?

    public init(
        _ destination: IPNetwork, device: String, via gateway: IPAddress? = nil, source: IPAddress? = nil,
        mtu: Int? = nil, table: Int = HostRoute.mainTable, metric: Int? = nil
    ) {
        self.destination = destination.network
        self.device = device
        self.gateway = gateway
        self.source = source
        self.mtu = mtu
        routingTable = table
        self.metric = metric ?? (destination.family == .v4 ? 0 : 1024)
    }

    public var key: RowKey { .fixed("\(destination) \(routingTable) \(metric) \(device)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, destination)
        columns.scalar(1, routingTable)
        columns.scalar(2, metric)
        columns.scalar(3, device)
        columns.scalar(4, gateway)
        columns.scalar(5, source)
        columns.scalar(6, mtu)
    }
}

/// A routing policy rule of the host: which packets look up which table.
public struct HostRule: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "HostRule",
        columns: [
            .init("family", .scalar), .init("priority", .scalar), .init("mark", .scalar), .init("source", .scalar),
            .init("destination", .scalar), .init("input", .scalar), .init("table", .scalar),
        ],
        identity: .columns(["family", "priority", "mark", "source", "destination", "input", "table"]))

    public var family: Family
    public var priority: Int
    /// The packet mark, all 32 bits.
    public var mark: Int?
    public var source: IPNetwork?
    public var destination: IPNetwork?
    /// The device that the packet came in by.
    public var input: String?
    public var routingTable: Int

    public init(
        family: Family, priority: Int, mark: Int? = nil, source: IPNetwork? = nil, destination: IPNetwork? = nil,
        input: String? = nil, table: Int
    ) {
        self.family = family
        self.priority = priority
        self.mark = mark
        self.source = source?.network
        self.destination = destination?.network
        self.input = input
        routingTable = table
    }

    public var key: RowKey {
        .fixed(
            [
                "\(family.rawValue)", "\(priority)", mark.map { "\($0)" } ?? "-", source?.description ?? "-",
                destination?.description ?? "-", input ?? "-", "\(routingTable)",
            ].joined(separator: " "))
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, family.rawValue)
        columns.scalar(1, priority)
        columns.scalar(2, mark)
        columns.scalar(3, source)
        columns.scalar(4, destination)
        columns.scalar(5, input)
        columns.scalar(6, routingTable)
    }
}
