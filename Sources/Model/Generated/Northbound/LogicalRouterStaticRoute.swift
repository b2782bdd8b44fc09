// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Logical_Router_Static_Route`.
public struct LogicalRouterStaticRoute: Row, Hashable {
    public enum Policy: String, ColumnElement, CaseIterable {
        case srcIp = "src-ip"
        case dstIp = "dst-ip"
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "Logical_Router_Static_Route",
        columns: [
            .init("external_ids", .map),
            .init("ip_prefix", .scalar),
            .init("nexthop", .scalar),
            .init("options", .map),
            .init("output_port", .scalar),
            .init("policy", .scalar),
            .init("route_table", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var externalIDs: [String: String]?
    public var ipPrefix: String?
    public var nexthop: String?
    public var options: [String: String]?
    public var outputPort: String?
    public var policy: Policy?
    public var routeTable: String?

    public init(
        key: RowKey,
        externalIDs: [String: String]? = nil,
        ipPrefix: String? = nil,
        nexthop: String? = nil,
        options: [String: String]? = nil,
        outputPort: String? = nil,
        policy: Policy? = nil,
        routeTable: String? = nil
    ) {
        self.key = key
        self.externalIDs = externalIDs
        self.ipPrefix = ipPrefix
        self.nexthop = nexthop
        self.options = options
        self.outputPort = outputPort
        self.policy = policy
        self.routeTable = routeTable
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, externalIDs)
        columns.scalar(1, ipPrefix)
        columns.scalar(2, nexthop)
        columns.map(3, options)
        columns.scalar(4, outputPort)
        columns.scalar(5, policy)
        columns.scalar(6, routeTable)
    }
}

extension RowRef where R == LogicalRouterStaticRoute {
    public var externalIDs: MapColumn { MapColumn(row, 0) }
    public var options: MapColumn { MapColumn(row, 3) }
}
