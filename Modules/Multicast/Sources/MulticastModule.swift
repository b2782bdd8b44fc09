public import Core
import Model
import Vocabulary

/// Lets pods of a namespace that asks for it send to groups and receive from each other, on all nodes.
///
/// Everybody else's multicast is dropped, and that is all as long as no namespace asks: with snooping on, every IPv6 pod
/// costs the engine rows of its own.
public struct MulticastModule: NodeModule {
    public static let manifest = Manifest(
        name: "multicast",
        summary: "Lets the pods of a namespace send to multicast groups and receive from each other",
        stage: .beta,
        reads: [Namespace.self, MulticastNamespace.self, PodPort.self, NodeNetwork.self, ClusterNetwork.self],
        publishes: [MulticastNamespace.self],
        writes: [
            .rows(ACL.self), .rows(PortGroup.self), .rows(AddressSet.self),
            .columns(LogicalSwitch.self, "acls", "other_config"), .columns(LogicalRouter.self, "options"),
        ])

    public init() {}

    public func register(on node: inout NodeScope) {
        node.each(Namespace.self) { namespace, cell throws(Rejection) in
            guard namespace.annotations[MulticastNamespace.annotation] == "true" else { return }
            cell.publish(MulticastNamespace(name: namespace.name))
        }
        node.each(NodeNetwork.self, DefaultDeny.handle)
        node.each(NodeNetwork.self, Snooping.handle)
        node.each(MulticastNamespace.self, Members.handle)
    }
}

/// A namespace whose pods use multicast: published for those that are annotated so.
public struct MulticastNamespace: Kind {
    public static let kind = "MulticastNamespace"
    /// Exactly `true` turns it on.
    static let annotation = "k8s.ovn.org/multicast-enabled"
    public let name: String
}

/// What is multicast here: all of IPv4's groups, and those of IPv6 that applications make. The well-known groups of
/// IPv6 are the network's own.
enum Groups {
    static func memberships(_ families: [Family]) -> Match? {
        switch (families.contains(.v4), families.contains(.v6)) {
        case (true, true): .multicastV4 || .mld || .dynamicMulticastV6
        case (true, false): .multicastV4
        case (false, true): .mld || .dynamicMulticastV6
        case (false, false): nil
        }
    }
    /// Above isolation by policies (1000 and 1001): who may use multicast may use it in an isolated pod too.
    static let denyPriority = 1011
    static let allowPriority = 1012
}
