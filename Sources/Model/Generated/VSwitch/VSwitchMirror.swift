// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Mirror`.
public struct VSwitchMirror: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.vswitch, name: "Mirror",
        columns: [
            .init("external_ids", .map),
            .init("name", .scalar),
            .init("output_port", .scalar),
            .init("output_vlan", .scalar),
            .init("select_all", .scalar),
            .init("select_dst_port", .set),
            .init("select_src_port", .set),
            .init("select_vlan", .set),
            .init("snaplen", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var name: String?
    public var outputPort: RowRef<Port>?
    public var outputVlan: Int?
    public var selectAll: Bool?
    public var selectDstPort: [RowRef<Port>]?
    public var selectSrcPort: [RowRef<Port>]?
    public var selectVlan: [Int]?
    public var snaplen: Int?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        name: String? = nil,
        outputPort: RowRef<Port>? = nil,
        outputVlan: Int? = nil,
        selectAll: Bool? = nil,
        selectDstPort: [RowRef<Port>]? = nil,
        selectSrcPort: [RowRef<Port>]? = nil,
        selectVlan: [Int]? = nil,
        snaplen: Int? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.name = name
        self.outputPort = outputPort
        self.outputVlan = outputVlan
        self.selectAll = selectAll
        self.selectDstPort = selectDstPort
        self.selectSrcPort = selectSrcPort
        self.selectVlan = selectVlan
        self.snaplen = snaplen
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.scalar(1, name)
        columns.scalar(2, outputPort)
        columns.scalar(3, outputVlan)
        columns.scalar(4, selectAll)
        columns.set(5, selectDstPort)
        columns.set(6, selectSrcPort)
        columns.set(7, selectVlan)
        columns.scalar(8, snaplen)
    }
}

extension RowRef where R == VSwitchMirror {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var selectDstPort: SetColumn<RowRef<Port>> { SetColumn(row, 5) }
    public var selectSrcPort: SetColumn<RowRef<Port>> { SetColumn(row, 6) }
    public var selectVlan: SetColumn<Int> { SetColumn(row, 7) }
}
