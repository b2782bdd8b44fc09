// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `NB_Global`, which others make.
public struct NBGlobal: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "NB_Global",
        columns: [
            .init("external_ids", .map, .shared),
            .init("ipsec", .scalar),
            .init("name", .scalar),
            .init("options", .map, .shared),
        ],
        identity: .singleton, ownership: .borrowed)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var ipsec: Bool?
    public var name: String?
    public var options: [String: String]?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        ipsec: Bool? = nil,
        name: String? = nil,
        options: [String: String]? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.ipsec = ipsec
        self.name = name
        self.options = options
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.scalar(1, ipsec)
        columns.scalar(2, name)
        columns.map(3, options)
    }
}

extension RowRef where R == NBGlobal {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var options: MapColumn { MapColumn(row, 3) }
}
