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
            Service.self, EndpointSlice.self,
        ],
        writes: [
            .rows(DHCPOptions.self), .columns(LogicalSwitchPort.self, "dhcpv4_options", "dhcpv6_options"),
            .columns(LogicalRouterPort.self, "ipv6_ra_configs"), .rows(DNS.self), .rows(ACL.self),
            .columns(LogicalSwitch.self, "dns_records", "acls"), .rows(ObjectStatus.self),
        ])

    public struct Configuration: ModuleConfiguration {
        /// The cluster's domain.
        public var domain = "cluster.local"
        /// The service of the cluster's own name server.
        public var serverNamespace = "kube-system"
        public var serverName = "kube-dns"
        /// In seconds.
        public var lease = 3500
        public init() {}
    }

    private let configuration: Configuration

    public init(_ configuration: Configuration) throws(Rejection) {
        guard configuration.lease >= 60 else {
            throw Rejection("BadLease", field: "lease", "\(configuration.lease) is less than a minute")
        }
        self.configuration = configuration
    }

    public func register(on node: inout NodeScope) {
        let addresses = AddressAnswers(configuration: configuration)
        let names = NameAnswers(configuration: configuration)
        node.each(Pod.self, addresses.handle)
        node.each(Namespace.self, names.handle)
    }
}
