public import Core
import Model
import Vocabulary

/// Leads to a virtual machine's addresses wherever it runs, though they are of the node where it began.
///
/// Each zone finds out by itself, from the pods of the machine alone, where that is.
public struct LiveMigrationModule: NodeModule {
    public static let manifest = Manifest(
        name: "live-migration",
        summary: "Lets virtual machines keep their addresses and connections when they move to another node",
        stage: .experimental,
        reads: [Pod.self, PodPort.self, NodeNetwork.self, LocalNode.self],
        writes: [
            .rows(LogicalRouterStaticRoute.self), .rows(StaticMACBinding.self), .rows(LogicalRouterPort.self),
            .rows(LogicalSwitchPort.self), .columns(LogicalRouter.self, "static_routes", "ports"),
            .columns(LogicalSwitch.self, "ports"),
        ])

    public init() {}

    public func register(on node: inout NodeScope) { node.each(Pod.self, Whereabouts.handle) }
}
