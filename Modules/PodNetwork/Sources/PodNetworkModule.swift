public import Core
import Model
import Vocabulary

/// Gives every pod an address and a port, every node a switch, and joins the nodes to one network.
///
/// On a node: the node's switch and its share of the cluster router, the transit switch to the other zones, the
/// management port, and a port per pod with its veth. In the cluster manager: node ids and node subnets.
public struct PodNetworkModule: NodeModule, ClusterModule {
    public static let manifest = Manifest(
        name: "pod-network",
        summary: "Gives every pod an address and a port, and joins the nodes to one network",
        stage: .beta,
        reads: [
            Node.self, Pod.self, Attachment.self, ClusterNetwork.self, LocalNode.self, OVSSystem.self,
            OVSInterface.self, LinkAddress.self, PodPort.self, NodeNetwork.self,
        ],
        publishes: [NodeNetwork.self, PodPort.self],
        writes: [
            .rows(LogicalSwitch.self), .rows(LogicalSwitchPort.self), .rows(LogicalRouter.self),
            .rows(LogicalRouterPort.self), .rows(LogicalRouterStaticRoute.self), .rows(LogicalRouterPolicy.self),
            .rows(GatewayChassis.self), .rows(ACL.self), .rows(PortGroup.self),
            .rows(Chassis.self), .rows(Encap.self), .rows(PortBinding.self),
            .rows(OpenVSwitch.self), .rows(SwitchDatapath.self), .rows(Bridge.self), .rows(Port.self),
            .rows(VSwitchQoS.self),
            .rows(Interface.self),
            .rows(PodLink.self), .rows(HostLink.self), .rows(HostAddress.self), .rows(HostRoute.self),
            .rows(HostNeighbour.self), .rows(Sysctl.self), .rows(NetfilterChain.self), .rows(NetfilterSet.self),
            .rows(ObjectStatus.self),
        ])

    public init() {}

    public func register(on node: inout NodeScope) {
        node.each(LocalNode.self, EngineSettings.handle)
        node.each(Node.self, NodeDescription.handle)
        node.each(Node.self, ManagementPort.keep)
        node.each(NodeNetwork.self, Zone.handle)
        node.each(Pod.self, PodAddressing.handle)
        node.each(Attachment.self, PodWiring.handle)
    }

    public func register(on cluster: inout ClusterScope) {
        cluster.each(Node.self, NodeAllocation.handle)
    }
}
