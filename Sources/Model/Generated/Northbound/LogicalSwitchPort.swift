// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Logical_Switch_Port`, known by `name`.
public struct LogicalSwitchPort: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Logical_Switch_Port",
        columns: [
            .init("addresses", .set),
            .init("dhcpv4_options", .scalar),
            .init("dhcpv6_options", .scalar),
            .init("enabled", .scalar),
            .init("external_ids", .map),
            .init("name", .scalar),
            .init("options", .map),
            .init("parent_name", .scalar),
            .init("port_security", .set),
            .init("tag_request", .scalar),
            .init("type", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var addresses: [String]?
    public var dhcpv4Options: RowRef<DHCPOptions>?
    public var dhcpv6Options: RowRef<DHCPOptions>?
    public var enabled: Bool?
    public var externalIDs: [String: String]?
    public var name: String?
    public var options: [String: String]?
    public var parentName: String?
    public var portSecurity: [String]?
    public var tagRequest: Int?
    public var type: String?

    public init(
        key: RowKey,
        addresses: [String]? = nil,
        dhcpv4Options: RowRef<DHCPOptions>? = nil,
        dhcpv6Options: RowRef<DHCPOptions>? = nil,
        enabled: Bool? = nil,
        externalIDs: [String: String]? = nil,
        name: String? = nil,
        options: [String: String]? = nil,
        parentName: String? = nil,
        portSecurity: [String]? = nil,
        tagRequest: Int? = nil,
        type: String? = nil
    ) {
        self.key = key
        self.addresses = addresses
        self.dhcpv4Options = dhcpv4Options
        self.dhcpv6Options = dhcpv6Options
        self.enabled = enabled
        self.externalIDs = externalIDs
        self.name = name
        self.options = options
        self.parentName = parentName
        self.portSecurity = portSecurity
        self.tagRequest = tagRequest
        self.type = type
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, addresses)
        columns.scalar(1, dhcpv4Options)
        columns.scalar(2, dhcpv6Options)
        columns.scalar(3, enabled)
        columns.map(4, externalIDs)
        columns.scalar(5, name)
        columns.map(6, options)
        columns.scalar(7, parentName)
        columns.set(8, portSecurity)
        columns.scalar(9, tagRequest)
        columns.scalar(10, type)
    }
}

extension RowRef where R == LogicalSwitchPort {
    public var addresses: SetColumn<String> { SetColumn(row, 0) }
    public var externalIDs: MapColumn { MapColumn(row, 4) }
    public var options: MapColumn { MapColumn(row, 6) }
    public var portSecurity: SetColumn<String> { SetColumn(row, 8) }
}
