// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Static_MAC_Binding`, known by `logical_port` and `ip`.
public struct StaticMACBinding: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Static_MAC_Binding",
        columns: [
            .init("ip", .scalar),
            .init("logical_port", .scalar),
            .init("mac", .scalar),
            .init("override_dynamic_mac", .scalar),
        ],
        identity: .columns(["logical_port", "ip"]), ownership: .owned)

    public let key: RowKey
    public var ip: String?
    public var logicalPort: String?
    public var mac: String?
    public var overrideDynamicMac: Bool?

    public init(
        key: RowKey,
        ip: String? = nil,
        logicalPort: String? = nil,
        mac: String? = nil,
        overrideDynamicMac: Bool? = nil
    ) {
        self.key = key
        self.ip = ip
        self.logicalPort = logicalPort
        self.mac = mac
        self.overrideDynamicMac = overrideDynamicMac
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, ip)
        columns.scalar(1, logicalPort)
        columns.scalar(2, mac)
        columns.scalar(3, overrideDynamicMac)
    }
}
