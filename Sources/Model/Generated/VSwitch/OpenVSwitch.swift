// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Open_vSwitch`, which others make.
public struct OpenVSwitch: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "Open_vSwitch",
        columns: [
            .init("bridges", .set, .shared),
            .init("datapaths", .map, .shared, to: "Datapath"),
            .init("external_ids", .map, .shared),
            .init("other_config", .map, .shared),
        ],
        identity: .singleton, ownership: .borrowed)

    public let key: RowKey
    public var bridges: [RowRef<Bridge>]?
    public var datapaths: [String: RowRef<SwitchDatapath>]?
    public var externalIDs: [String: String]?
    public var otherConfig: [String: String]?

    public init(
        key: RowKey,
        bridges: [RowRef<Bridge>]? = nil,
        datapaths: [String: RowRef<SwitchDatapath>]? = nil,
        externalIDs: [String: String]? = nil,
        otherConfig: [String: String]? = nil
    ) {
        self.key = key
        self.bridges = bridges
        self.datapaths = datapaths
        self.externalIDs = externalIDs
        self.otherConfig = otherConfig
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, bridges)
        columns.map(1, datapaths?.texts)
        columns.map(2, externalIDs)
        columns.map(3, otherConfig)
    }
}

extension RowRef where R == OpenVSwitch {
    public var bridges: SetColumn<RowRef<Bridge>> { SetColumn(row, 0) }
    public var datapaths: MapColumn { MapColumn(row, 1) }
    public var externalIDs: MapColumn { MapColumn(row, 2) }
    public var otherConfig: MapColumn { MapColumn(row, 3) }
}
