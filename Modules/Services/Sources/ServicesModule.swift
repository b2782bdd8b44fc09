public import Core
import Model
import Vocabulary

/// Makes services answer: load balancers for pods on the node's switch and for everybody else on the gateway router.
///
/// A service is one cell: its load balancers, its flows on the node's bridge and its entries in the host's tables
/// change together.
public struct ServicesModule: NodeModule {
    public static let manifest = Manifest(
        name: "services",
        summary: "Makes services answer, inside and outside the cluster",
        stage: .beta,
        reads: [
            LocalNode.self, ClusterNetwork.self, Node.self, NodeNetwork.self, NodeGateway.self, Service.self,
            EndpointSlice.self, ServiceClaim.self, LogicalDatapath.self, LogicalStage.self,
            ServiceSettings.self,
        ],
        publishes: [ServiceClaim.self],
        writes: [
            .rows(LoadBalancer.self), .rows(LoadBalancerGroup.self),
            .columns(LogicalSwitch.self, "load_balancer_group"), .columns(LogicalRouter.self, "load_balancer_group"),
            .rows(Flow.self), .rows(LearnedFlows.self), .rows(NetfilterChain.self), .rows(NetfilterSet.self),
            .rows(HostRoute.self),
            .rows(HostRule.self), .rows(HTTPAnswer.self),
        ], counts: [Service.self])

    public init() {}

    public func register(on node: inout NodeScope) {
        node.each(NodeNetwork.self, Groups.handle)
        node.each(NodeGateway.self, HostTables.handle)
        node.each(NodeGateway.self, HostFlows.handle)
        node.each(Node.self, Claims.handle)
        node.each(Service.self, Claims.handle)
        node.each(Service.self, Balancing.handle)
        node.describe(Service.self, Explanation.handle)
    }
}
