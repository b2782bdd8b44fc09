// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

/// A row of `Load_Balancer_Group`, known by `name`.
public struct LoadBalancerGroup: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.northbound, name: "Load_Balancer_Group",
        columns: [
            .init("load_balancer", .set),
            .init("name", .scalar),
        ],
        identity: .columns(["name"]), ownership: .owned)

    public let key: RowKey
    public var loadBalancer: [RowRef<LoadBalancer>]?
    public var name: String?

    public init(
        key: RowKey,
        loadBalancer: [RowRef<LoadBalancer>]? = nil,
        name: String? = nil
    ) {
        self.key = key
        self.loadBalancer = loadBalancer
        self.name = name
    }

    public func encode(into columns: inout ColumnWriter) {
        columns.set(0, loadBalancer)
        columns.scalar(1, name)
    }
}

extension RowRef where R == LoadBalancerGroup {
    public var loadBalancer: SetColumn<RowRef<LoadBalancer>> { SetColumn(row, 0) }
}
