// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `NAT`.
public struct NAT: Row, Hashable {
    public enum Translation: String, ColumnElement, CaseIterable {
        case dnat
        case snat
        case dnatAndSnat = "dnat_and_snat"
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "NAT",
        columns: [
            .init("allowed_ext_ips", .scalar),
            .init("exempted_ext_ips", .scalar),
            .init("external_ids", .map),
            .init("external_ip", .scalar),
            .init("external_mac", .scalar),
            .init("external_port_range", .scalar),
            .init("gateway_port", .scalar),
            .init("logical_ip", .scalar),
            .init("logical_port", .scalar),
            .init("options", .map),
            .init("type", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var allowedExtIps: RowRef<AddressSet>?
    public var exemptedExtIps: RowRef<AddressSet>?
    public var externalIDs: [String: String]?
    public var externalIp: String?
    public var externalMac: String?
    public var externalPortRange: String?
    public var gatewayPort: RowRef<LogicalRouterPort>?
    public var logicalIp: String?
    public var logicalPort: String?
    public var options: [String: String]?
    public var type: Translation?

    public init(
        key: RowKey,
        allowedExtIps: RowRef<AddressSet>? = nil,
        exemptedExtIps: RowRef<AddressSet>? = nil,
        externalIDs: [String: String]? = nil,
        externalIp: String? = nil,
        externalMac: String? = nil,
        externalPortRange: String? = nil,
        gatewayPort: RowRef<LogicalRouterPort>? = nil,
        logicalIp: String? = nil,
        logicalPort: String? = nil,
        options: [String: String]? = nil,
        type: Translation? = nil
    ) {
        self.key = key
        self.allowedExtIps = allowedExtIps
        self.exemptedExtIps = exemptedExtIps
        self.externalIDs = externalIDs
        self.externalIp = externalIp
        self.externalMac = externalMac
        self.externalPortRange = externalPortRange
        self.gatewayPort = gatewayPort
        self.logicalIp = logicalIp
        self.logicalPort = logicalPort
        self.options = options
        self.type = type
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, allowedExtIps)
        columns.scalar(1, exemptedExtIps)
        columns.map(2, externalIDs)
        columns.scalar(3, externalIp)
        columns.scalar(4, externalMac)
        columns.scalar(5, externalPortRange)
        columns.scalar(6, gatewayPort)
        columns.scalar(7, logicalIp)
        columns.scalar(8, logicalPort)
        columns.map(9, options)
        columns.scalar(10, type)
    }
}

extension RowRef where R == NAT {
    public var externalIDs: MapColumn { MapColumn(row, 2) }
    public var options: MapColumn { MapColumn(row, 9) }
}
