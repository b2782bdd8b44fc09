// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `CT_Zone`.
public struct ConntrackZone: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "CT_Zone",
        columns: [
            .init("external_ids", .map),
            .init("timeout_policy", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var timeoutPolicy: RowRef<ConntrackTimeouts>?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        timeoutPolicy: RowRef<ConntrackTimeouts>? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.timeoutPolicy = timeoutPolicy
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.scalar(1, timeoutPolicy)
    }
}

extension RowRef where R == ConntrackZone {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
}
