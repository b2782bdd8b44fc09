// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Bridge`, known by `name`.
public struct Bridge: Row, Hashable {
    public enum FailMode: String, ColumnElement, CaseIterable {
        case standalone
        case secure
        public var value: Value { .string(rawValue) }
    }

    public enum OpenFlowVersion: String, ColumnElement, CaseIterable {
        case openFlow10 = "OpenFlow10"
        case openFlow11 = "OpenFlow11"
        case openFlow12 = "OpenFlow12"
        case openFlow13 = "OpenFlow13"
        case openFlow14 = "OpenFlow14"
        case openFlow15 = "OpenFlow15"
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.vswitch, name: "Bridge",
        columns: [
            .init("datapath_type", .scalar, .shared),
            .init("external_ids", .map, .shared),
            .init("fail_mode", .scalar, .shared),
            .init("mcast_snooping_enable", .scalar),
            .init("mirrors", .set, .shared),
            .init("name", .scalar),
            .init("other_config", .map, .shared),
            .init("ports", .set, .shared),
            .init("protocols", .set, .shared),
            .init("rstp_enable", .scalar),
            .init("stp_enable", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var datapathType: String?
    public var externalIDs: [String: String]?
    public var failMode: FailMode?
    public var mcastSnoopingEnable: Bool?
    public var mirrors: [RowRef<VSwitchMirror>]?
    public var name: String?
    public var otherConfig: [String: String]?
    public var ports: [RowRef<Port>]?
    public var protocols: [OpenFlowVersion]?
    public var rstpEnable: Bool?
    public var stpEnable: Bool?

    public init(
        key: RowKey,
        datapathType: String? = nil,
        externalIDs: [String: String]? = nil,
        failMode: FailMode? = nil,
        mcastSnoopingEnable: Bool? = nil,
        mirrors: [RowRef<VSwitchMirror>]? = nil,
        name: String? = nil,
        otherConfig: [String: String]? = nil,
        ports: [RowRef<Port>]? = nil,
        protocols: [OpenFlowVersion]? = nil,
        rstpEnable: Bool? = nil,
        stpEnable: Bool? = nil
    ) {
        self.key = key
        self.datapathType = datapathType
        self.externalIDs = externalIDs
        self.failMode = failMode
        self.mcastSnoopingEnable = mcastSnoopingEnable
        self.mirrors = mirrors
        self.name = name
        self.otherConfig = otherConfig
        self.ports = ports
        self.protocols = protocols
        self.rstpEnable = rstpEnable
        self.stpEnable = stpEnable
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, datapathType)
        columns.map(1, externalIDs)
        columns.scalar(2, failMode)
        columns.scalar(3, mcastSnoopingEnable)
        columns.set(4, mirrors)
        columns.scalar(5, name)
        columns.map(6, otherConfig)
        columns.set(7, ports)
        columns.set(8, protocols)
        columns.scalar(9, rstpEnable)
        columns.scalar(10, stpEnable)
    }
}

extension RowRef where R == Bridge {
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var mirrors: SetColumn<RowRef<VSwitchMirror>> { SetColumn(row, 4) }
    public var otherConfig: MapColumn { MapColumn(row, 6) }
    public var ports: SetColumn<RowRef<Port>> { SetColumn(row, 7) }
    public var protocols: SetColumn<R.OpenFlowVersion> { SetColumn(row, 8) }
}
