// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `ACL`.
public struct ACL: Row, Hashable {
    public enum Action: String, ColumnElement, CaseIterable {
        case allow
        case allowRelated = "allow-related"
        case allowStateless = "allow-stateless"
        case drop
        case reject
        case pass
        public var value: Value { .string(rawValue) }
    }

    public enum Direction: String, ColumnElement, CaseIterable {
        case fromLport = "from-lport"
        case toLport = "to-lport"
        public var value: Value { .string(rawValue) }
    }

    public enum Severity: String, ColumnElement, CaseIterable {
        case alert
        case warning
        case notice
        case info
        case debug
        public var value: Value { .string(rawValue) }
    }

    public static let table = Table(
        plane: PlaneName.northbound, name: "ACL",
        columns: [
            .init("action", .scalar),
            .init("direction", .scalar),
            .init("external_ids", .map),
            .init("label", .scalar),
            .init("log", .scalar),
            .init("match", .scalar),
            .init("meter", .scalar),
            .init("name", .scalar),
            .init("options", .map),
            .init("priority", .scalar),
            .init("severity", .scalar),
            .init("tier", .scalar),
        ],
        identity: .tag, ownership: .owned)

    public let key: RowKey
    public var action: Action?
    public var direction: Direction?
    public var externalIDs: [String: String]?
    public var label: Int?
    public var log: Bool?
    public var match: String?
    public var meter: String?
    public var name: String?
    public var options: [String: String]?
    public var priority: Int?
    public var severity: Severity?
    public var tier: Int?

    public init(
        key: RowKey,
        action: Action? = nil,
        direction: Direction? = nil,
        externalIDs: [String: String]? = nil,
        label: Int? = nil,
        log: Bool? = nil,
        match: String? = nil,
        meter: String? = nil,
        name: String? = nil,
        options: [String: String]? = nil,
        priority: Int? = nil,
        severity: Severity? = nil,
        tier: Int? = nil
    ) {
        self.key = key
        self.action = action
        self.direction = direction
        self.externalIDs = externalIDs
        self.label = label
        self.log = log
        self.match = match
        self.meter = meter
        self.name = name
        self.options = options
        self.priority = priority
        self.severity = severity
        self.tier = tier
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, action)
        columns.scalar(1, direction)
        columns.map(2, externalIDs)
        columns.scalar(3, label)
        columns.scalar(4, log)
        columns.scalar(5, match)
        columns.scalar(6, meter)
        columns.scalar(7, name)
        columns.map(8, options)
        columns.scalar(9, priority)
        columns.scalar(10, severity)
        columns.scalar(11, tier)
    }
}

extension RowRef where R == ACL {
    public var externalIDs: MapColumn { MapColumn(row, 2) }
    public var options: MapColumn { MapColumn(row, 8) }
}
