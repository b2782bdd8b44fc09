// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `CT_Timeout_Policy`.
public struct ConntrackTimeouts: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "CT_Timeout_Policy",
        columns: [
            .init("external_ids", .map),
            .init("timeouts", .map),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var timeouts: [String: Int]?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        timeouts: [String: Int]? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.timeouts = timeouts
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.map(1, timeouts?.texts)
    }
}

extension RowRef where R == ConntrackTimeouts {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var timeouts: MapColumn { MapColumn(row, 1) }
}
