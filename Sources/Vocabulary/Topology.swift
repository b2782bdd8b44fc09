public import Core
public import Model

/// The names of the logical switches, routers and ports of a zone: OVN-Kubernetes' names, which users know from
/// `ovn-nbctl show`.
public enum Topology {
    public static let clusterRouter = "ovn_cluster_router"
    public static let joinSwitch = "join"
    public static let transitSwitch = "transit_switch"
    public static let physicalNetwork = "physnet"
    public static let managementDevice = "ovn-k8s-mp0"
    public static let integrationBridge = "br-int"

    public static func nodeSwitch(_ node: String) -> String { node }
    public static func gatewayRouter(_ node: String) -> String { "GR_\(node)" }
    public static func externalSwitch(_ node: String) -> String { "ext_\(node)" }
    public static func managementPort(_ node: String) -> String { "k8s-\(node)" }

    /// The router's port to a node's switch, and the switch's port to the router.
    public static func routerToSwitch(_ node: String) -> String { "rtos-\(node)" }
    public static func switchToRouter(_ node: String) -> String { "stor-\(node)" }
    /// The same for those that ask by DHCP, beside the node's own pair.
    public static func routerToGuests(_ node: String) -> String { "rtog-\(node)" }
    public static func guestsToRouter(_ node: String) -> String { "gtor-\(node)" }
    public static func routerToTransit(_ node: String) -> String { "rtots-\(node)" }
    public static func transitToRouter(_ node: String) -> String { "tstor-\(node)" }
    public static func routerToJoin(_ router: String) -> String { "rtoj-\(router)" }
    public static func joinToRouter(_ router: String) -> String { "jtor-\(router)" }
    public static func routerToExternal(_ node: String) -> String { "rtoe-\(gatewayRouter(node))" }
    public static func externalToRouter(_ node: String) -> String { "etor-\(gatewayRouter(node))" }
    public static func externalPort(_ bridge: String, _ node: String) -> String { "\(bridge)_\(node)" }

    /// The cluster router's row, to hang ports, routes and policies on.
    public static var router: RowRef<LogicalRouter> { RowRef(fixed: clusterRouter) }
    public static func localSwitch(_ node: String) -> RowRef<LogicalSwitch> { RowRef(fixed: nodeSwitch(node)) }
    public static var integration: RowRef<Bridge> { RowRef(fixed: integrationBridge) }
}
