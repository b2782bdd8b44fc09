import Core
import Model
import Vocabulary

/// What the host must know to speak with its gateway router: the masquerade addresses and the way to services.
enum HostSide {
    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        guard let local = cell.localNode(),
            let cluster = cell.cluster()
        else { return }
        let device = gateway.bridge
        cell.add(HostLink(device: device, up: true))
        // The bridge and the gateway router share a MAC: learning would let the two take it from each other.
        cell.add(ForwardingEntry(bridge: device, port: device, vlan: local.gateway.vlan ?? 0, mac: gateway.mac))
        for family in cluster.families {
            guard let network = cluster.masqueradeSubnets[family], let address = gateway.address(family)?.address else {
                continue
            }
            let masquerade = Masquerade(network)
            cell.add(
                HostAddress(
                    device: device, address: network.interface(masquerade.host), neverSource: family == .v6))
            for neighbour in [masquerade.ovn, masquerade.nextHop] {
                cell.add(HostNeighbour(device: device, address: neighbour, mac: MACAddress(for: neighbour)))
            }
            for services in cluster.serviceNetworks where services.family == family {
                cell.add(
                    HostRoute(
                        services, device: device, via: masquerade.nextHop, source: masquerade.host, mtu: cluster.mtu))
            }
            cell.add(HostRoute(IPNetwork(host: masquerade.ovn), device: device, source: address))
            cell.add(Sysctl("net/ipv\(family.rawValue)/conf/\(device)/forwarding", "1"))
        }
        if local.gateway.mode == .local, let node = cell.get(NodeNetwork.self, "", local.nodeName) {
            masquerade(node, cluster, &cell)
        }
        cell.add(NetfilterChain("to-pods", hook: .init(hook: "forward", priority: 0), rules: forwardRules(cluster)))
        if local.gateway.disableForwarding {
            cell.add(
                NetfilterChain(
                    "through-gateway", hook: .init(hook: "forward", priority: 0),
                    rules: throughRules(device, cluster)))
        }
        cell.add(
            NetfilterChain(
                "host-to-services", hook: .init(type: "nat", hook: "postrouting", priority: 100),
                rules: sourceRules(gateway, cluster)))
    }

    /// The host is no way into the pods' network: what others send to a pod's address passes only when it answers a
    /// pod, or when a service of this node has sent it there.
    private static func forwardRules(_ cluster: ClusterNetwork) -> [String] {
        let device = Topology.managementDevice
        let ranges = cluster.clusterSubnets.map(\.network)
        return ["ct state established,related accept", "ct status dnat accept"]
            + ranges.map { range in
                let field = range.family == .v4 ? "ip" : "ip6"
                return "iifname != \"\(device)\" oifname \"\(device)\" \(field) daddr \(range) drop"
            }
    }

    /// The host is no router of others: through its bridge it forwards what the cluster's networks send or get.
    private static func throughRules(_ device: String, _ cluster: ClusterNetwork) -> [String] {
        let networks =
            cluster.clusterSubnets.map(\.network) + cluster.serviceNetworks + cluster.masqueradeSubnets.values
        let own = networks.flatMap { network in
            let field = network.family == .v4 ? "ip" : "ip6"
            return ["saddr", "daddr"].map { "\(field) \($0) \(network.network) accept" }
        }
        return ["iifname != \"\(device)\" oifname != \"\(device)\" accept", "ct status dnat accept"] + own + ["drop"]
    }

    /// In local mode pods leave by the host's own routes, with its addresses.
    private static func masquerade(_ node: NodeNetwork, _ cluster: ClusterNetwork, _ cell: inout Cell) {
        var rules: [String] = []
        for subnet in node.subnets {
            let field = subnet.family == .v4 ? "ip" : "ip6"
            let sources = [cluster.masquerade(.ovn, subnet.family)?.description, subnet.description].compactMap(\.self)
            rules += sources.map { "oifname != \"\(Topology.managementDevice)\" \(field) saddr \($0) masquerade" }
        }
        cell.add(
            NetfilterChain("local-gateway", hook: .init(type: "nat", hook: "postrouting", priority: 101), rules: rules))
        if node.subnet(.v4) != nil { cell.add(Sysctl("net/ipv4/ip_forward", "1")) }
        if node.subnet(.v6) != nil { cell.add(Sysctl("net/ipv6/conf/all/forwarding", "1")) }
    }

    /// A socket that is bound to the node's address would reach services with it; the bridge knows the host's packets
    /// to services by the masquerade address.
    private static func sourceRules(_ gateway: NodeGateway, _ cluster: ClusterNetwork) -> [String] {
        cluster.serviceNetworks.compactMap { services in
            guard let network = cluster.masqueradeSubnets[services.family] else { return nil }
            let host = Masquerade(network).host
            let field = services.family == .v4 ? "ip" : "ip6"
            return
                "oifname \"\(gateway.bridge)\" \(field) daddr \(services) \(field) saddr != \(host) snat \(field) to \(host)"
        }
    }
}
