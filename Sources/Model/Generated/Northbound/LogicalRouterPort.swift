// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Logical_Router_Port`, known by `name`.
public struct LogicalRouterPort: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Logical_Router_Port",
        columns: [
            .init("enabled", .scalar),
            .init("external_ids", .map),
            .init("gateway_chassis", .set),
            .init("ipv6_ra_configs", .map),
            .init("mac", .scalar),
            .init("name", .scalar),
            .init("networks", .set),
            .init("options", .map),
            .init("peer", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var enabled: Bool?
    public var externalIDs: [String: String]?
    public var gatewayChassis: [RowRef<GatewayChassis>]?
    public var ipv6RaConfigs: [String: String]?
    public var mac: String?
    public var name: String?
    public var networks: [String]?
    public var options: [String: String]?
    public var peer: String?

    public init(
        key: RowKey,
        enabled: Bool? = nil,
        externalIDs: [String: String]? = nil,
        gatewayChassis: [RowRef<GatewayChassis>]? = nil,
        ipv6RaConfigs: [String: String]? = nil,
        mac: String? = nil,
        name: String? = nil,
        networks: [String]? = nil,
        options: [String: String]? = nil,
        peer: String? = nil
    ) {
        self.key = key
        self.enabled = enabled
        self.externalIDs = externalIDs
        self.gatewayChassis = gatewayChassis
        self.ipv6RaConfigs = ipv6RaConfigs
        self.mac = mac
        self.name = name
        self.networks = networks
        self.options = options
        self.peer = peer
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, enabled)
        columns.map(1, externalIDs)
        columns.set(2, gatewayChassis)
        columns.map(3, ipv6RaConfigs)
        columns.scalar(4, mac)
        columns.scalar(5, name)
        columns.set(6, networks)
        columns.map(7, options)
        columns.scalar(8, peer)
    }
}

extension RowRef where R == LogicalRouterPort {
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var gatewayChassis: SetColumn<RowRef<GatewayChassis>> { SetColumn(row, 2) }
    public var ipv6RaConfigs: MapColumn { MapColumn(row, 3) }
    public var networks: SetColumn<String> { SetColumn(row, 6) }
    public var options: MapColumn { MapColumn(row, 7) }
}
