// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Logical_Router`, known by `name`.
public struct LogicalRouter: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Logical_Router",
        columns: [
            .init("copp", .scalar),
            .init("enabled", .scalar),
            .init("external_ids", .map),
            .init("load_balancer", .set),
            .init("load_balancer_group", .set),
            .init("name", .scalar),
            .init("nat", .set),
            .init("options", .map),
            .init("policies", .set),
            .init("ports", .set),
            .init("static_routes", .set),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var copp: RowRef<Copp>?
    public var enabled: Bool?
    public var externalIDs: [String: String]?
    public var loadBalancer: [RowRef<LoadBalancer>]?
    public var loadBalancerGroup: [RowRef<LoadBalancerGroup>]?
    public var name: String?
    public var nat: [RowRef<NAT>]?
    public var options: [String: String]?
    public var policies: [RowRef<LogicalRouterPolicy>]?
    public var ports: [RowRef<LogicalRouterPort>]?
    public var staticRoutes: [RowRef<LogicalRouterStaticRoute>]?

    public init(
        key: RowKey,
        copp: RowRef<Copp>? = nil,
        enabled: Bool? = nil,
        externalIDs: [String: String]? = nil,
        loadBalancer: [RowRef<LoadBalancer>]? = nil,
        loadBalancerGroup: [RowRef<LoadBalancerGroup>]? = nil,
        name: String? = nil,
        nat: [RowRef<NAT>]? = nil,
        options: [String: String]? = nil,
        policies: [RowRef<LogicalRouterPolicy>]? = nil,
        ports: [RowRef<LogicalRouterPort>]? = nil,
        staticRoutes: [RowRef<LogicalRouterStaticRoute>]? = nil
    ) {
        self.key = key
        self.copp = copp
        self.enabled = enabled
        self.externalIDs = externalIDs
        self.loadBalancer = loadBalancer
        self.loadBalancerGroup = loadBalancerGroup
        self.name = name
        self.nat = nat
        self.options = options
        self.policies = policies
        self.ports = ports
        self.staticRoutes = staticRoutes
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, copp)
        columns.scalar(1, enabled)
        columns.map(2, externalIDs)
        columns.set(3, loadBalancer)
        columns.set(4, loadBalancerGroup)
        columns.scalar(5, name)
        columns.set(6, nat)
        columns.map(7, options)
        columns.set(8, policies)
        columns.set(9, ports)
        columns.set(10, staticRoutes)
    }
}

extension RowRef where R == LogicalRouter {
    public var externalIDs: MapColumn { MapColumn(row, 2) }
    public var loadBalancer: SetColumn<RowRef<LoadBalancer>> { SetColumn(row, 3) }
    public var loadBalancerGroup: SetColumn<RowRef<LoadBalancerGroup>> { SetColumn(row, 4) }
    public var nat: SetColumn<RowRef<NAT>> { SetColumn(row, 6) }
    public var options: MapColumn { MapColumn(row, 7) }
    public var policies: SetColumn<RowRef<LogicalRouterPolicy>> { SetColumn(row, 8) }
    public var ports: SetColumn<RowRef<LogicalRouterPort>> { SetColumn(row, 9) }
    public var staticRoutes: SetColumn<RowRef<LogicalRouterStaticRoute>> { SetColumn(row, 10) }
}
