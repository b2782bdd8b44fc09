import Core
import Model
import Vocabulary

/// Nobody sends or receives who has not asked, whether or not anybody has: without snooping the switch floods groups to
/// all of its pods, and isolated ones would hear them.
enum DefaultDeny {
    static func handle(_ node: NodeNetwork, _ cell: inout Cell) throws(Rejection) {
        guard node.isLocal, let memberships = Groups.memberships(node.subnets.map(\.family)) else { return }
        let nodeSwitch = Topology.localSwitch(node.name)
        let toRouter = RowRef<LogicalSwitchPort>(fixed: Topology.switchToRouter(node.name))
        for traffic in Traffic.allCases {
            let word = traffic.rawValue.lowercased()
            let owner = ["k8s.ovn.org/owner-type": "MulticastCluster"]
            cell.add(
                ACL(
                    key: .own("multicast-deny-\(word)"), action: .drop, direction: traffic.aclDirection,
                    externalIDs: owner, match: memberships.description, options: traffic.aclOptions,
                    priority: Groups.denyPriority, tier: PolicyTier.namespaces),
                to: nodeSwitch.acls)
            // Between zones: the routers exchange what their own pods were allowed to send.
            cell.add(
                ACL(
                    key: .own("multicast-zones-\(word)"), action: .allow, direction: traffic.aclDirection,
                    externalIDs: owner, match: (.port(traffic.port, toRouter) && memberships).description,
                    options: traffic.aclOptions, priority: Groups.allowPriority, tier: PolicyTier.namespaces),
                to: nodeSwitch.acls)
        }
    }
}

/// What the zone needs as soon as one namespace uses multicast: the switch and the router keep track of groups.
enum Snooping {
    static func handle(_ node: NodeNetwork, _ cell: inout Cell) throws(Rejection) {
        guard node.isLocal, cell.any(cell.group(of: MulticastNamespace.self)) else { return }
        let nodeSwitch = Topology.localSwitch(node.name)
        for (key, value) in settings(node) { cell.set(key, to: value, in: nodeSwitch.otherConfig) }
        cell.set("mcast_relay", to: "true", in: Topology.router.options)
    }

    /// The querier asks the pods for their groups, in the router's name, and often: until the first answer a group that
    /// was joined before anybody asked for multicast is known to nobody. By itself OVN asks each 150 s.
    private static func settings(_ node: NodeNetwork) -> [String: String] {
        var settings = ["mcast_snoop": "true", "mcast_querier": "true", "mcast_query_interval": "10"]
        guard let mac = node.gatewayMAC else { return ["mcast_snoop": "true", "mcast_querier": "false"] }
        settings["mcast_eth_src"] = mac.description
        if let gateway = node.gateway(.v4) { settings["mcast_ip4_src"] = gateway.description }
        if node.gateway(.v6) != nil { settings["mcast_ip6_src"] = mac.linkLocalAddress.description }
        return settings
    }
}

/// The pods of one namespace that uses multicast.
enum Members {
    static func handle(_ namespace: MulticastNamespace, _ cell: inout Cell) throws(Rejection) {
        let local = cell.group(of: PodPort.self, in: .namespace(namespace.name), only: [PodPort.isLocal])
        guard cell.any(local), let cluster = cell.cluster(),
            let memberships = Groups.memberships(cluster.families)
        else { return }
        let name = RowName.hashed("MulticastNS:\(namespace.name)")
        let owner = ["k8s.ovn.org/owner-type": "MulticastNS", "k8s.ovn.org/name": namespace.name]
        let group = cell.portGroup(name, of: local, about: owner)
        let senders = cell.group(of: PodPort.self, in: .namespace(namespace.name))
        func allow(_ local: String, _ traffic: Traffic, _ what: Match, _ cell: inout Cell) {
            cell.add(
                ACL(
                    key: .own(local), action: .allow, direction: traffic.aclDirection, externalIDs: owner,
                    match: (.port(traffic.port, in: group) && what).description, options: traffic.aclOptions,
                    priority: Groups.allowPriority, tier: PolicyTier.namespaces),
                to: group.acls)
        }
        allow("egress", .egress, memberships, &cell)
        // The queries, which every member must hear; and what the namespace's own pods send, wherever they run.
        allow("ingress", .ingress, .igmp || .mld, &cell)
        let addresses = cell.addresses(of: senders, cluster.families)
        for (family, isSender) in Match.addresses(.source, in: addresses, cluster.families) {
            let groups: Match = family == .v4 ? .multicastV4 : .dynamicMulticastV6
            allow("ingress-v\(family.rawValue)", .ingress, isSender && groups, &cell)
        }
    }
}
