// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Copp`, known by `name`.
public struct Copp: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Copp",
        columns: [
            .init("external_ids", .map),
            .init("meters", .map),
            .init("name", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var meters: [String: String]?
    public var name: String?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        meters: [String: String]? = nil,
        name: String? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.meters = meters
        self.name = name
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.map(1, meters)
        columns.scalar(2, name)
    }
}

extension RowRef where R == Copp {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var meters: MapColumn { MapColumn(row, 1) }
}
