public import Core
import Model
import Vocabulary

/// Lets only those reach a pod, and a pod only those, whom its policies allow.
///
/// A node's zone holds only what its own pods need: a policy without a local pod has no rows there. Rules are known by
/// their content, so equal rules of any number of policies are one port group and one ACL; each policy fills its own
/// pods in. When a pod comes, goes or is relabelled, members of sets change, and no ACL does.
public struct NetworkPolicyModule: NodeModule, ClusterModule {
    public static let manifest = Manifest(
        name: "network-policy",
        summary: "Allows and denies traffic between pods, namespaces and networks",
        stage: .beta,
        reads: [
            NetworkPolicy.self, Namespace.self, Pod.self, PodPort.self, NodeNetwork.self, ClusterNetwork.self,
            PolicyLogging.self, PolicySettings.self, AdminNetworkPolicy.self, BaselineAdminNetworkPolicy.self,
            Node.self, LocalNode.self, NorthboundSchema.self, NamedPortHolder.self,
        ],
        publishes: [PolicyLogging.self, NamedPortHolder.self],
        writes: [
            .rows(ACL.self), .rows(PortGroup.self), .rows(AddressSet.self), .rows(Meter.self), .rows(MeterBand.self),
            .columns(LogicalSwitch.self, "acls"), .rows(ObjectStatus.self), .rows(StatusWriters.self),
        ], counts: [NetworkPolicy.self])

    public init() {}

    public func register(on node: inout NodeScope) {
        node.describe(Pod.self) { pod, cell throws(Rejection) in try Explanation.handle(pod, &cell) }
        node.describe(NetworkPolicy.self) { policy, cell throws(Rejection) in
            try Explanation.handle(policy, &cell)
        }
        node.describe(AdminNetworkPolicy.self) { policy, cell throws(Rejection) in
            try Explanation.handle(policy, &cell)
        }
        node.describe(BaselineAdminNetworkPolicy.self) { policy, cell throws(Rejection) in
            try Explanation.handle(policy, &cell)
        }
        node.each(NodeNetwork.self, Hairpin.handle)
        node.each(Namespace.self, Logging.handle)
        node.each(NetworkPolicy.self) { policy, cell throws(Rejection) in Policies.handle(policy, &cell) }
        node.each(AdminNetworkPolicy.self) { policy, cell throws(Rejection) in AdminPolicies.handle(policy, &cell) }
        node.each(BaselineAdminNetworkPolicy.self) { policy, cell throws(Rejection) in
            AdminPolicies.handle(policy, &cell)
        }
    }

    public func register(on cluster: inout ClusterScope) {
        cluster.each(Node.self, ClusterTelling.keepZones)
        cluster.each(AdminNetworkPolicy.self, ClusterTelling.handle)
        cluster.each(NetworkPolicy.self, ClusterTelling.handle)
    }
}
