// Written by generate-rows from the schema OVN_Southbound 20.27.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Chassis`, known by `name`.
public struct Chassis: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.southbound, name: "Chassis",
        columns: [
            .init("encaps", .set),
            .init("external_ids", .map),
            .init("hostname", .scalar),
            .init("name", .scalar),
            .init("other_config", .map),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var encaps: [RowRef<Encap>]?
    public var externalIDs: [String: String]?
    public var hostname: String?
    public var name: String?
    public var otherConfig: [String: String]?

    public init(
        key: RowKey,
        encaps: [RowRef<Encap>]? = nil,
        externalIDs: [String: String]? = nil,
        hostname: String? = nil,
        name: String? = nil,
        otherConfig: [String: String]? = nil
    ) {
        self.key = key
        self.encaps = encaps
        self.externalIDs = externalIDs
        self.hostname = hostname
        self.name = name
        self.otherConfig = otherConfig
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, encaps)
        columns.map(1, externalIDs)
        columns.scalar(2, hostname)
        columns.scalar(3, name)
        columns.map(4, otherConfig)
    }
}

extension RowRef where R == Chassis {
    public var encaps: SetColumn<RowRef<Encap>> { SetColumn(row, 0) }
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var otherConfig: MapColumn { MapColumn(row, 4) }
}
