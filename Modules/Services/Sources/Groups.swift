import Core
import Model
import Vocabulary

/// Where the load balancers of a zone hang: on its switch, on its gateway router, or on both.
///
/// Switch and router refer to groups, so that a new service changes neither of their rows.
enum Groups: String, CaseIterable {
    case both = "clusterLBGroup"
    case nodeSwitch = "clusterSwitchLBGroup"
    case router = "clusterRouterLBGroup"

    var row: RowRef<LoadBalancerGroup> { RowRef(fixed: rawValue) }

    static func handle(_ node: NodeNetwork, _ cell: inout Cell) throws(Rejection) {
        guard node.isLocal else { return }
        for group in allCases {
            let row = cell.add(LoadBalancerGroup(key: .fixed(group.rawValue), name: group.rawValue))
            if group != .router { cell.add(row, to: Topology.localSwitch(node.name).loadBalancerGroup) }
            if group != .nodeSwitch {
                let router = RowRef<LogicalRouter>(fixed: Topology.gatewayRouter(node.name))
                cell.add(row, to: router.loadBalancerGroup)
            }
        }
    }
}
