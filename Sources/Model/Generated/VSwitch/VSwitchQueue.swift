// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Queue`.
public struct VSwitchQueue: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "Queue",
        columns: [
            .init("dscp", .scalar),
            .init("external_ids", .map),
            .init("other_config", .map),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var dscp: Int?
    public var externalIDs: [String: String]?
    public var otherConfig: [String: String]?

    public init(
        key: RowKey,
        dscp: Int? = nil,
        externalIDs: [String: String]? = nil,
        otherConfig: [String: String]? = nil
    ) {
        self.key = key
        self.dscp = dscp
        self.externalIDs = externalIDs
        self.otherConfig = otherConfig
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, dscp)
        columns.map(1, externalIDs)
        columns.map(2, otherConfig)
    }
}

extension RowRef where R == VSwitchQueue {
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var otherConfig: MapColumn { MapColumn(row, 2) }
}
