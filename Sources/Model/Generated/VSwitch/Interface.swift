// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Interface`, known by `name`.
public struct Interface: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "Interface",
        columns: [
            .init("external_ids", .map, .shared),
            .init("ingress_policing_burst", .scalar),
            .init("ingress_policing_rate", .scalar),
            .init("mac", .scalar),
            .init("mtu_request", .scalar),
            .init("name", .scalar),
            .init("ofport_request", .scalar),
            .init("options", .map),
            .init("other_config", .map),
            .init("type", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var ingressPolicingBurst: Int?
    public var ingressPolicingRate: Int?
    public var mac: String?
    public var mtuRequest: Int?
    public var name: String?
    public var ofportRequest: Int?
    public var options: [String: String]?
    public var otherConfig: [String: String]?
    public var type: String?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        ingressPolicingBurst: Int? = nil,
        ingressPolicingRate: Int? = nil,
        mac: String? = nil,
        mtuRequest: Int? = nil,
        name: String? = nil,
        ofportRequest: Int? = nil,
        options: [String: String]? = nil,
        otherConfig: [String: String]? = nil,
        type: String? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.ingressPolicingBurst = ingressPolicingBurst
        self.ingressPolicingRate = ingressPolicingRate
        self.mac = mac
        self.mtuRequest = mtuRequest
        self.name = name
        self.ofportRequest = ofportRequest
        self.options = options
        self.otherConfig = otherConfig
        self.type = type
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.scalar(1, ingressPolicingBurst)
        columns.scalar(2, ingressPolicingRate)
        columns.scalar(3, mac)
        columns.scalar(4, mtuRequest)
        columns.scalar(5, name)
        columns.scalar(6, ofportRequest)
        columns.map(7, options)
        columns.map(8, otherConfig)
        columns.scalar(9, type)
    }
}

extension RowRef where R == Interface {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var options: MapColumn { MapColumn(row, 7) }
    public var otherConfig: MapColumn { MapColumn(row, 8) }
}
