// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `DNS`.
public struct DNS: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "DNS",
        columns: [
            .init("external_ids", .map),
            .init("records", .map),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var records: [String: String]?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        records: [String: String]? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.records = records
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.map(1, records)
    }
}

extension RowRef where R == DNS {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var records: MapColumn { MapColumn(row, 1) }
}
