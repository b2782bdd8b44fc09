// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Port`, known by `name`.
public struct Port: Row, Hashable {
    public enum VlanMode: String, ColumnElement, CaseIterable {
        case trunk
        case access
        case nativeTagged = "native-tagged"
        case nativeUntagged = "native-untagged"
        case dot1qTunnel = "dot1q-tunnel"
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.vswitch, name: "Port",
        columns: [
            .init("external_ids", .map),
            .init("interfaces", .set),
            .init("name", .scalar),
            .init("other_config", .map),
            .init("qos", .scalar, .shared),
            .init("tag", .scalar),
            .init("trunks", .set),
            .init("vlan_mode", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var interfaces: [RowRef<Interface>]?
    public var name: String?
    public var otherConfig: [String: String]?
    public var qos: RowRef<VSwitchQoS>?
    public var tag: Int?
    public var trunks: [Int]?
    public var vlanMode: VlanMode?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        interfaces: [RowRef<Interface>]? = nil,
        name: String? = nil,
        otherConfig: [String: String]? = nil,
        qos: RowRef<VSwitchQoS>? = nil,
        tag: Int? = nil,
        trunks: [Int]? = nil,
        vlanMode: VlanMode? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.interfaces = interfaces
        self.name = name
        self.otherConfig = otherConfig
        self.qos = qos
        self.tag = tag
        self.trunks = trunks
        self.vlanMode = vlanMode
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.set(1, interfaces)
        columns.scalar(2, name)
        columns.map(3, otherConfig)
        columns.scalar(4, qos)
        columns.scalar(5, tag)
        columns.set(6, trunks)
        columns.scalar(7, vlanMode)
    }
}

extension RowRef where R == Port {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var interfaces: SetColumn<RowRef<Interface>> { SetColumn(row, 1) }
    public var otherConfig: MapColumn { MapColumn(row, 3) }
    public var trunks: SetColumn<Int> { SetColumn(row, 6) }
}
