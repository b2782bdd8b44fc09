import Core
import Model
import Vocabulary

/// The node's own port on its switch, by which the node and its pods reach each other.
enum ManagementPort {
    static func add(_ node: NodeNetwork, _ cluster: ClusterNetwork, _ cell: inout Cell) {
        guard let mac = node.managementMAC, let gatewayMAC = node.gatewayMAC else { return }
        let device = Topology.managementDevice
        logicalPort(node, mac, &cell)
        let interface = cell.add(
            Interface(
                key: .fixed(device), externalIDs: ["iface-id": Topology.managementPort(node.name)],
                mac: mac.description, mtuRequest: cluster.mtu, name: device, type: "internal"))
        cell.add(Port(key: .fixed(device), interfaces: [interface], name: device), to: Topology.integration.ports)

        cell.add(HostLink(device: device, up: true, mtu: cluster.mtu))
        for subnet in node.subnets {
            cell.add(HostAddress(device: device, address: subnet.interface(subnet[2])))
            // The router drops requests from a foreign address; the host would ask with the node's.
            cell.add(HostNeighbour(device: device, address: subnet[1], mac: gatewayMAC))
            for range in cluster.clusterSubnets where range.network.family == subnet.family {
                cell.add(
                    HostRoute(range.network, device: device, via: subnet[1], mtu: cluster.routableMTU))
            }
            policies(node, subnet.family, &cell)
        }
        sources(node, &cell)
        if node.subnet(.v4) != nil {
            for (key, value) in [("forwarding", "1"), ("rp_filter", "2"), ("arp_ignore", "1")] {
                cell.add(Sysctl("net/ipv4/conf/\(device)/\(key)", value))
            }
        }
        if node.subnet(.v6) != nil { cell.add(Sysctl("net/ipv6/conf/\(device)/forwarding", "1")) }
    }

    /// Whatever the host sends to pods comes from its address on this port: what it sends with another of its addresses,
    /// and what it forwards because somebody has translated it. Answers then find their way back, and policies know the
    /// node by one address.
    private static func sources(_ node: NodeNetwork, _ cell: inout Cell) {
        var rules: [String] = []
        for subnet in node.subnets {
            let (field, type) = subnet.family == .v4 ? ("ip", "ipv4_addr") : ("ip6", "ipv6_addr")
            let keep = keptSources(subnet.family)
            cell.add(NetfilterSet(keep, type: type, interval: true))
            rules.append(
                "oifname \"\(Topology.managementDevice)\" \(field) saddr != \(subnet[2]) \(field) saddr != @\(keep) "
                    + "snat \(field) to \(subnet[2])")
        }
        cell.add(
            NetfilterChain(
                "management-port", hook: .init(type: "nat", hook: "postrouting", priority: 100), rules: rules))
    }

    /// Networks whose addresses pods see as they are: the node's annotation says which. A handler of its own, for
    /// nothing else of the node hangs on them.
    static func keep(_ node: Node, _ cell: inout Cell) throws(Rejection) {
        guard let cluster = cell.cluster(), cell.localNode()?.nodeName == node.name,
            let kept = try node.annotations.annotation(IngressSNATExcludeSubnets.self)
        else { return }
        for network in kept.networks where cluster.families.contains(network.family) {
            let set = RowRef<NetfilterSet>(fixed: "\(NetfilterFamily.inet.rawValue) \(keptSources(network.family))")
            cell.add(network.network, to: set.networks)
        }
    }

    private static func keptSources(_ family: Family) -> String { "management-kept-v\(family.rawValue)" }

    private static func logicalPort(_ node: NodeNetwork, _ mac: MACAddress, _ cell: inout Cell) {
        let name = Topology.managementPort(node.name)
        let addresses = node.subnets.map { $0[2].description }.joined(separator: " ")
        cell.add(
            LogicalSwitchPort(key: .fixed(name), addresses: ["\(mac) \(addresses)"], name: name),
            to: Topology.localSwitch(node.name).ports)
    }

    /// Pods reach the node's own addresses here and not over the gateway, and keep their address doing so.
    private static func policies(_ node: NodeNetwork, _ family: Family, _ cell: inout Cell) {
        guard let hop = node.management(family) else { return }
        let field = family == .v4 ? "ip4" : "ip6"
        let ports = [Topology.routerToSwitch(node.name), Topology.routerToGuests(node.name)]
        let isPod = "inport == {\(ports.map { "\"\($0)\"" }.joined(separator: ", "))}"
        for address in LocalAddresses.of(family, &cell) {
            cell.add(
                LogicalRouterPolicy(
                    key: .own("to-host-\(address)"), action: .reroute,
                    match: "\(isPod) && \(field).dst == \(address)",
                    nexthops: [hop.description], priority: 1004),
                to: Topology.router.policies)
        }
    }
}
