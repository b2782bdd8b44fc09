// Written by generate-rows from the schema OVN_Southbound 20.27.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Encap`, known by `type` and `ip`.
public struct Encap: Row, Hashable {
    public enum Tunnel: String, ColumnElement, CaseIterable {
        case geneve
        case stt
        case vxlan
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.southbound, name: "Encap",
        columns: [
            .init("chassis_name", .scalar),
            .init("ip", .scalar),
            .init("options", .map),
            .init("type", .scalar),
        ],
        identity: .columns(["type", "ip"]), ownership: .owned)

    public let key: RowKey
    public var chassisName: String?
    public var ip: String?
    public var options: [String: String]?
    public var type: Tunnel?

    public init(
        key: RowKey,
        chassisName: String? = nil,
        ip: String? = nil,
        options: [String: String]? = nil,
        type: Tunnel? = nil
    ) {
        self.key = key
        self.chassisName = chassisName
        self.ip = ip
        self.options = options
        self.type = type
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, chassisName)
        columns.scalar(1, ip)
        columns.map(2, options)
        columns.scalar(3, type)
    }
}

extension RowRef where R == Encap {
    public var options: MapColumn { MapColumn(row, 2) }
}
