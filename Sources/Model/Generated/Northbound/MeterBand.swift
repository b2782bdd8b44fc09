// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Meter_Band`.
public struct MeterBand: Row, Hashable {
    public enum Action: String, ColumnElement, CaseIterable {
        case drop
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "Meter_Band",
        columns: [
            .init("action", .scalar),
            .init("burst_size", .scalar),
            .init("external_ids", .map),
            .init("rate", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var action: Action?
    public var burstSize: Int?
    public var externalIDs: [String: String]?
    public var rate: Int?

    public init(
        key: RowKey,
        action: Action? = nil,
        burstSize: Int? = nil,
        externalIDs: [String: String]? = nil,
        rate: Int? = nil
    ) {
        self.key = key
        self.action = action
        self.burstSize = burstSize
        self.externalIDs = externalIDs
        self.rate = rate
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, action)
        columns.scalar(1, burstSize)
        columns.map(2, externalIDs)
        columns.scalar(3, rate)
    }
}

extension RowRef where R == MeterBand {
    public var externalIDs: MapColumn { MapColumn(row, 2) }
}
