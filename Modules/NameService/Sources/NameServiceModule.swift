public import Core
import Model
import Vocabulary

/// Lets OVN itself answer pods that ask for their address by DHCP, and for names of services by DNS.
///
/// No server runs anywhere: flows of the node's switch answer. Off until a pod, or a namespace, asks for it.
public struct NameServiceModule: NodeModule {
    public static let manifest = Manifest(
        name: "name-service",
        summary: "Answers pods' DHCP and DNS requests from the switch itself",
        stage: .experimental,
        reads: [
            LocalNode.self, ClusterNetwork.self, NodeNetwork.self, Namespace.self, Pod.self, PodPort.self,
            Service.self, EndpointSlice.self, NameSettings.self,
        ],
        writes: [
            .rows(DHCPOptions.self), .columns(LogicalSwitchPort.self, "dhcpv4_options", "dhcpv6_options"),
            .rows(LogicalRouterPort.self), .rows(LogicalSwitchPort.self), .columns(LogicalRouter.self, "ports"),
            .rows(DNS.self), .rows(ACL.self), .columns(LogicalSwitch.self, "dns_records", "acls", "ports"),
            .rows(ObjectStatus.self),
        ])

    public init() {}

    public func register(on node: inout NodeScope) {
        node.each(Pod.self, AddressAnswers.handle)
        node.each(Namespace.self, NameAnswers.handle)
    }
}
