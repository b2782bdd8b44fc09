// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Load_Balancer`.
public struct LoadBalancer: Row, Hashable {
    public enum Transport: String, ColumnElement, CaseIterable {
        case tcp
        case udp
        case sctp
        public var value: Value { .string(rawValue) }
    }

    public enum SelectionField: String, ColumnElement, CaseIterable {
        case ethSrc = "eth_src"
        case ethDst = "eth_dst"
        case ipSrc = "ip_src"
        case ipDst = "ip_dst"
        case tpSrc = "tp_src"
        case tpDst = "tp_dst"
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "Load_Balancer",
        columns: [
            .init("external_ids", .map),
            .init("ip_port_mappings", .map),
            .init("name", .scalar),
            .init("options", .map),
            .init("protocol", .scalar),
            .init("selection_fields", .set),
            .init("vips", .map),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var ipPortMappings: [String: String]?
    public var name: String?
    public var options: [String: String]?
    public var `protocol`: Transport?
    public var selectionFields: [SelectionField]?
    public var vips: [String: String]?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        ipPortMappings: [String: String]? = nil,
        name: String? = nil,
        options: [String: String]? = nil,
        protocol: Transport? = nil,
        selectionFields: [SelectionField]? = nil,
        vips: [String: String]? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.ipPortMappings = ipPortMappings
        self.name = name
        self.options = options
        self.protocol = `protocol`
        self.selectionFields = selectionFields
        self.vips = vips
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.map(1, ipPortMappings)
        columns.scalar(2, name)
        columns.map(3, options)
        columns.scalar(4, `protocol`)
        columns.set(5, selectionFields)
        columns.map(6, vips)
    }
}

extension RowRef where R == LoadBalancer {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var ipPortMappings: MapColumn { MapColumn(row, 1) }
    public var options: MapColumn { MapColumn(row, 3) }
    public var selectionFields: SetColumn<R.SelectionField> { SetColumn(row, 5) }
    public var vips: MapColumn { MapColumn(row, 6) }
}
