// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Gateway_Chassis`, known by `name`.
public struct GatewayChassis: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Gateway_Chassis",
        columns: [
            .init("chassis_name", .scalar),
            .init("external_ids", .map),
            .init("name", .scalar),
            .init("options", .map),
            .init("priority", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var chassisName: String?
    public var externalIDs: [String: String]?
    public var name: String?
    public var options: [String: String]?
    public var priority: Int?

    public init(
        key: RowKey,
        chassisName: String? = nil,
        externalIDs: [String: String]? = nil,
        name: String? = nil,
        options: [String: String]? = nil,
        priority: Int? = nil
    ) {
        self.key = key
        self.chassisName = chassisName
        self.externalIDs = externalIDs
        self.name = name
        self.options = options
        self.priority = priority
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, chassisName)
        columns.map(1, externalIDs)
        columns.scalar(2, name)
        columns.map(3, options)
        columns.scalar(4, priority)
    }
}

extension RowRef where R == GatewayChassis {
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var options: MapColumn { MapColumn(row, 3) }
}
