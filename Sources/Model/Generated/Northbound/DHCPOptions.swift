// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `DHCP_Options`.
public struct DHCPOptions: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "DHCP_Options",
        columns: [
            .init("cidr", .scalar),
            .init("external_ids", .map),
            .init("options", .map),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var cidr: String?
    public var externalIDs: [String: String]?
    public var options: [String: String]?

    public init(
        key: RowKey,
        cidr: String? = nil,
        externalIDs: [String: String]? = nil,
        options: [String: String]? = nil
    ) {
        self.key = key
        self.cidr = cidr
        self.externalIDs = externalIDs
        self.options = options
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, cidr)
        columns.map(1, externalIDs)
        columns.map(2, options)
    }
}

extension RowRef where R == DHCPOptions {
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var options: MapColumn { MapColumn(row, 2) }
}
