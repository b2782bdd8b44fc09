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
        cell.add(
            NetfilterChain(
                "host-to-services", hook: .init(type: "nat", hook: "postrouting", priority: 100),
                rules: sourceRules(gateway, cluster)))
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
