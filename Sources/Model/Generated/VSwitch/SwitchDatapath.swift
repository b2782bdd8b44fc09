// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Datapath`.
public struct SwitchDatapath: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "Datapath",
        columns: [
            .init("capabilities", .map, .shared),
            .init("ct_zones", .map, to: "CT_Zone"),
            .init("external_ids", .map, .shared),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var capabilities: [String: String]?
    public var ctZones: [Int: RowRef<ConntrackZone>]?
    public var externalIDs: [String: String]?

    public init(
        key: RowKey,
        capabilities: [String: String]? = nil,
        ctZones: [Int: RowRef<ConntrackZone>]? = nil,
        externalIDs: [String: String]? = nil
    ) {
        self.key = key
        self.capabilities = capabilities
        self.ctZones = ctZones
        self.externalIDs = externalIDs
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, capabilities)
        columns.map(1, ctZones?.texts)
        columns.map(2, externalIDs)
    }
}

extension RowRef where R == SwitchDatapath {
    public var capabilities: MapColumn { MapColumn(row, 0) }
    public var ctZones: MapColumn { MapColumn(row, 1) }
    public var externalIDs: MapColumn { MapColumn(row, 2) }
}
