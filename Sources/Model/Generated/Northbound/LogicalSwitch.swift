// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Logical_Switch`, known by `name`.
public struct LogicalSwitch: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Logical_Switch",
        columns: [
            .init("acls", .set),
            .init("copp", .scalar),
            .init("dns_records", .set),
            .init("external_ids", .map),
            .init("load_balancer", .set),
            .init("load_balancer_group", .set),
            .init("name", .scalar),
            .init("other_config", .map),
            .init("ports", .set),
            .init("qos_rules", .set),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var acls: [RowRef<ACL>]?
    public var copp: RowRef<Copp>?
    public var dnsRecords: [RowRef<DNS>]?
    public var externalIDs: [String: String]?
    public var loadBalancer: [RowRef<LoadBalancer>]?
    public var loadBalancerGroup: [RowRef<LoadBalancerGroup>]?
    public var name: String?
    public var otherConfig: [String: String]?
    public var ports: [RowRef<LogicalSwitchPort>]?
    public var qosRules: [RowRef<QoS>]?

    public init(
        key: RowKey,
        acls: [RowRef<ACL>]? = nil,
        copp: RowRef<Copp>? = nil,
        dnsRecords: [RowRef<DNS>]? = nil,
        externalIDs: [String: String]? = nil,
        loadBalancer: [RowRef<LoadBalancer>]? = nil,
        loadBalancerGroup: [RowRef<LoadBalancerGroup>]? = nil,
        name: String? = nil,
        otherConfig: [String: String]? = nil,
        ports: [RowRef<LogicalSwitchPort>]? = nil,
        qosRules: [RowRef<QoS>]? = nil
    ) {
        self.key = key
        self.acls = acls
        self.copp = copp
        self.dnsRecords = dnsRecords
        self.externalIDs = externalIDs
        self.loadBalancer = loadBalancer
        self.loadBalancerGroup = loadBalancerGroup
        self.name = name
        self.otherConfig = otherConfig
        self.ports = ports
        self.qosRules = qosRules
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, acls)
        columns.scalar(1, copp)
        columns.set(2, dnsRecords)
        columns.map(3, externalIDs)
        columns.set(4, loadBalancer)
        columns.set(5, loadBalancerGroup)
        columns.scalar(6, name)
        columns.map(7, otherConfig)
        columns.set(8, ports)
        columns.set(9, qosRules)
    }
}

extension RowRef where R == LogicalSwitch {
    public var acls: SetColumn<RowRef<ACL>> { SetColumn(row, 0) }
    public var dnsRecords: SetColumn<RowRef<DNS>> { SetColumn(row, 2) }
    public var externalIDs: MapColumn { MapColumn(row, 3) }
    public var loadBalancer: SetColumn<RowRef<LoadBalancer>> { SetColumn(row, 4) }
    public var loadBalancerGroup: SetColumn<RowRef<LoadBalancerGroup>> { SetColumn(row, 5) }
    public var otherConfig: MapColumn { MapColumn(row, 7) }
    public var ports: SetColumn<RowRef<LogicalSwitchPort>> { SetColumn(row, 8) }
    public var qosRules: SetColumn<RowRef<QoS>> { SetColumn(row, 9) }
}
