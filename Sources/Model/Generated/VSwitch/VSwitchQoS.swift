// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `QoS`.
public struct VSwitchQoS: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "QoS",
        columns: [
            .init("external_ids", .map),
            .init("other_config", .map),
            .init("queues", .map, to: "Queue"),
            .init("type", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var otherConfig: [String: String]?
    public var queues: [Int: RowRef<VSwitchQueue>]?
    public var type: String?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        otherConfig: [String: String]? = nil,
        queues: [Int: RowRef<VSwitchQueue>]? = nil,
        type: String? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.otherConfig = otherConfig
        self.queues = queues
        self.type = type
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.map(1, otherConfig)
        columns.map(2, queues?.texts)
        columns.scalar(3, type)
    }
}

extension RowRef where R == VSwitchQoS {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var otherConfig: MapColumn { MapColumn(row, 1) }
    public var queues: MapColumn { MapColumn(row, 2) }
}
