// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Logical_Router_Policy`.
public struct LogicalRouterPolicy: Row, Hashable {
    public enum Action: String, ColumnElement, CaseIterable {
        case allow
        case drop
        case reroute
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "Logical_Router_Policy",
        columns: [
            .init("action", .scalar),
            .init("external_ids", .map),
            .init("match", .scalar),
            .init("nexthop", .scalar),
            .init("nexthops", .set),
            .init("options", .map),
            .init("priority", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var action: Action?
    public var externalIDs: [String: String]?
    public var match: String?
    public var nexthop: String?
    public var nexthops: [String]?
    public var options: [String: String]?
    public var priority: Int?

    public init(
        key: RowKey,
        action: Action? = nil,
        externalIDs: [String: String]? = nil,
        match: String? = nil,
        nexthop: String? = nil,
        nexthops: [String]? = nil,
        options: [String: String]? = nil,
        priority: Int? = nil
    ) {
        self.key = key
        self.action = action
        self.externalIDs = externalIDs
        self.match = match
        self.nexthop = nexthop
        self.nexthops = nexthops
        self.options = options
        self.priority = priority
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, action)
        columns.map(1, externalIDs)
        columns.scalar(2, match)
        columns.scalar(3, nexthop)
        columns.set(4, nexthops)
        columns.map(5, options)
        columns.scalar(6, priority)
    }
}

extension RowRef where R == LogicalRouterPolicy {
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var nexthops: SetColumn<String> { SetColumn(row, 4) }
    public var options: MapColumn { MapColumn(row, 5) }
}
