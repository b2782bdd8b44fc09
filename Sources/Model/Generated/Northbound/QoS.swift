// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `QoS`.
public struct QoS: Row, Hashable {
    public enum Direction: String, ColumnElement, CaseIterable {
        case fromLport = "from-lport"
        case toLport = "to-lport"
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "QoS",
        columns: [
            .init("action", .map),
            .init("bandwidth", .map),
            .init("direction", .scalar),
            .init("external_ids", .map),
            .init("match", .scalar),
            .init("priority", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var action: [String: Int]?
    public var bandwidth: [String: Int]?
    public var direction: Direction?
    public var externalIDs: [String: String]?
    public var match: String?
    public var priority: Int?

    public init(
        key: RowKey,
        action: [String: Int]? = nil,
        bandwidth: [String: Int]? = nil,
        direction: Direction? = nil,
        externalIDs: [String: String]? = nil,
        match: String? = nil,
        priority: Int? = nil
    ) {
        self.key = key
        self.action = action
        self.bandwidth = bandwidth
        self.direction = direction
        self.externalIDs = externalIDs
        self.match = match
        self.priority = priority
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, action?.texts)
        columns.map(1, bandwidth?.texts)
        columns.scalar(2, direction)
        columns.map(3, externalIDs)
        columns.scalar(4, match)
        columns.scalar(5, priority)
    }
}

extension RowRef where R == QoS {
    public var action: MapColumn { MapColumn(row, 0) }
    public var bandwidth: MapColumn { MapColumn(row, 1) }
    public var externalIDs: MapColumn { MapColumn(row, 3) }
}
