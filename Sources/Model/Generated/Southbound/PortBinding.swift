// Written by generate-rows from the schema OVN_Southbound 20.27.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Port_Binding`, which others make.
public struct PortBinding: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.southbound, name: "Port_Binding",
        columns: [
            .init("chassis", .scalar),
            .init("logical_port", .scalar),
        ],
        identity: .columns(["logical_port"]), ownership: .borrowed)

    public let key: RowKey
    public var chassis: RowRef<Chassis>?
    public var logicalPort: String?

    public init(
        key: RowKey,
        chassis: RowRef<Chassis>? = nil,
        logicalPort: String? = nil
    ) {
        self.key = key
        self.chassis = chassis
        self.logicalPort = logicalPort
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, chassis)
        columns.scalar(1, logicalPort)
    }
}
