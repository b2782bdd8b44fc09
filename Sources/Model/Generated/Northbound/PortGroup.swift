// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Port_Group`, known by `name`.
public struct PortGroup: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Port_Group",
        columns: [
            .init("acls", .set),
            .init("external_ids", .map),
            .init("name", .scalar),
            .init("ports", .set),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var acls: [RowRef<ACL>]?
    public var externalIDs: [String: String]?
    public var name: String?
    public var ports: [RowRef<LogicalSwitchPort>]?

    public init(
        key: RowKey,
        acls: [RowRef<ACL>]? = nil,
        externalIDs: [String: String]? = nil,
        name: String? = nil,
        ports: [RowRef<LogicalSwitchPort>]? = nil
    ) {
        self.key = key
        self.acls = acls
        self.externalIDs = externalIDs
        self.name = name
        self.ports = ports
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, acls)
        columns.map(1, externalIDs)
        columns.scalar(2, name)
        columns.set(3, ports)
    }
}

extension RowRef where R == PortGroup {
    public var acls: SetColumn<RowRef<ACL>> { SetColumn(row, 0) }
    public var externalIDs: MapColumn { MapColumn(row, 1) }
    public var ports: SetColumn<RowRef<LogicalSwitchPort>> { SetColumn(row, 3) }
}
