// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Address_Set`, known by `name`.
public struct AddressSet: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Address_Set",
        columns: [
            .init("addresses", .set),
            .init("external_ids", .map),
            .init("name", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var addresses: [String]?
    public var externalIDs: [String: String]?
    public var name: String?

    public init(
        key: RowKey,
        addresses: [String]? = nil,
        externalIDs: [String: String]? = nil,
        name: String? = nil
    ) {
        self.key = key
        self.addresses = addresses
        self.externalIDs = externalIDs
        self.name = name
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, addresses)
        columns.map(1, externalIDs)
        columns.scalar(2, name)
    }
}

extension RowRef where R == AddressSet {
    public var addresses: SetColumn<String> { SetColumn(row, 0) }
    public var externalIDs: MapColumn { MapColumn(row, 1) }
}
