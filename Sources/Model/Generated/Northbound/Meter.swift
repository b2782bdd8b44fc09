// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Meter`, known by `name`.
public struct Meter: Row, Hashable {
    public enum Unit: String, ColumnElement, CaseIterable {
        case kbps
        case pktps
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "Meter",
        columns: [
            .init("bands", .set),
            .init("external_ids", .map),
            .init("fair", .scalar),
            .init("name", .scalar),
            .init("unit", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var bands: [RowRef<MeterBand>]?
    public var externalIDs: [String: String]?
    public var fair: Bool?
    public var name: String?
    public var unit: Unit?

    public init(
        key: RowKey,
        bands: [RowRef<MeterBand>]? = nil,
        externalIDs: [String: String]? = nil,
        fair: Bool? = nil,
        name: String? = nil,
        unit: Unit? = nil
    ) {
        self.key = key
        self.bands = bands
        self.externalIDs = externalIDs
        self.fair = fair
        self.name = name
        self.unit = unit
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, bands)
        columns.map(1, externalIDs)
        columns.scalar(2, fair)
        columns.scalar(3, name)
        columns.scalar(4, unit)
    }
}

extension RowRef where R == Meter {
    public var bands: SetColumn<RowRef<MeterBand>> { SetColumn(row, 0) }
    public var externalIDs: MapColumn { MapColumn(row, 1) }
}
