public import Core
import Model
import Vocabulary

/// Connects the node's zone with the world outside, over the node's own network card and with the node's addresses.
///
/// The card joins a bridge; the host and the zone's gateway router share it, its addresses and its MAC. Flows on the
/// bridge tell whose packet is whose.
public struct GatewayModule: NodeModule {
    public static let manifest = Manifest(
        name: "gateway",
        summary: "Connects pods with the outside over the node's network card and addresses",
        stage: .beta,
        reads: [
            LocalNode.self, ClusterNetwork.self, Node.self, NodeNetwork.self, NodeGateway.self, PodPort.self,
            Link.self, LinkAddress.self, Route.self, OVSBridge.self, OVSInterface.self, OVSSystem.self,
        ],
        publishes: [NodeGateway.self],
        writes: [
            .rows(LogicalSwitch.self), .rows(LogicalSwitchPort.self), .rows(LogicalRouter.self),
            .rows(LogicalRouterPort.self), .rows(LogicalRouterStaticRoute.self), .rows(NAT.self),
            .rows(StaticMACBinding.self), .columns(LogicalRouter.self, "ports", "static_routes"),
            .rows(OpenVSwitch.self), .rows(Bridge.self), .rows(Port.self), .rows(Interface.self),
            .rows(BridgedUplink.self), .rows(ForwardingEntry.self), .rows(HostLink.self), .rows(HostAddress.self),
            .rows(HostRoute.self), .rows(HostNeighbour.self), .rows(Sysctl.self), .rows(NetfilterChain.self),
            .rows(Flow.self), .rows(ObjectStatus.self), .columns(SwitchDatapath.self, "ct_zones"),
            .rows(ConntrackZone.self),
            .rows(ConntrackTimeouts.self),
        ])

    public init() {}

    public func register(on node: inout NodeScope) {
        node.each(LocalNode.self, Uplink.handle)
        node.each(NodeGateway.self, GatewayRouter.handle)
        node.each(NodeGateway.self, BridgeFlows.handle)
        node.each(NodeGateway.self, HostSide.handle)
        node.each(NodeGateway.self, ConnectionMemory.handle)
        node.each(OVSBridge.self, ConnectionMemory.handle)
        node.each(NodeNetwork.self, TunnelNeighbours.handle)
    }
}
