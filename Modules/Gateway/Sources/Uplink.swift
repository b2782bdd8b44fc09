import Core
import Model
import Vocabulary

/// Decides which bridge is the node's way out, makes it when the way out is a plain network card, and tells the rest
/// of the module by a `NodeGateway`.
enum Uplink {
    static func handle(_ local: LocalNode, _ cell: inout Cell) throws(Rejection) {
        guard local.gateway.mode != .disabled, let cluster = cell.cluster()
        else { return }
        let bridges = cell.list(cell.group(of: OVSBridge.self))
        let discovery = Discovery { name in bridge(holding: name, bridges)?.name ?? bridgeName(for: name) }
        let exit = try discovery.find(
            cell.list(cell.group(of: Route.self)), families: cluster.families, interface: local.gateway.interface,
            nextHops: local.gateway.nextHops)
        let existing = bridge(holding: exit.interface, bridges)
        let name = existing?.name ?? bridgeName(for: exit.interface)
        let uplink = try existing.map(card(of:)) ?? exit.interface
        guard let card = cell.get(Link.self, "", uplink), let mac = card.mac else {
            throw Rejection(
                "NoSuchInterface", field: "gateway.interface",
                "there is no interface \(uplink): name one of this node, or leave gateway.interface empty to take that "
                    + "of the default route")
        }
        if let problem = cluster.problem(withUplink: uplink, mtu: card.mtu, isSingleNode: local.isSingleNode) {
            throw Rejection(problem.reason, problem.message)
        }
        let gateway = NodeGateway(
            bridge: name, uplink: uplink, isOurBridge: existing?.owned ?? true, mac: mac,
            addresses: addresses([name, uplink], of: local.nodeName, cluster, &cell), nextHops: exit.nextHops)
        if let conflict = cluster.conflicts(withHost: gateway.addresses).first {
            throw Rejection(conflict.reason, conflict.message)
        }
        if gateway.isOurBridge { makeBridge(gateway, local, &cell) }
        guard !gateway.addresses.isEmpty else { return }
        cell.publish(gateway)
        announce(gateway, local, exit.warnings, &cell)
    }

    private static func bridgeName(for card: String) -> String { String("br\(card)".prefix(15)) }

    /// The bridge that an interface is, or is a port of. The integration bridge is never a way out.
    private static func bridge(holding interface: String, _ bridges: [OVSBridge]) -> OVSBridge? {
        bridges.filter { $0.name != Topology.integrationBridge }
            .first { $0.name == interface || $0.ports.contains(interface) }
    }

    /// The network card of a bridge: what it says itself, else its only port, else its name without `br`.
    private static func card(of bridge: OVSBridge) throws(Rejection) -> String {
        if let uplink = bridge.uplink, !uplink.isEmpty { return uplink }
        let ports = bridge.ports.filter { $0 != bridge.name && !$0.hasPrefix("patch-") }
        if ports.count == 1 { return ports[0] }
        if bridge.name.hasPrefix("br"), ports.contains(String(bridge.name.dropFirst(2))) {
            return String(bridge.name.dropFirst(2))
        }
        throw Rejection(
            "UnknownUplink",
            "cannot tell which port of bridge \(bridge.name) is the network card (\(ports.joined(separator: ", "))): "
                + "set its external_ids:bridge-uplink")
    }

    /// The node's addresses, the primary family first, while they are on the card and when they are on the bridge. Of
    /// each family those come first that the cluster knows the node by: others may wander from node to node.
    private static func addresses(
        _ devices: [String], of node: String, _ cluster: ClusterNetwork, _ cell: inout Cell
    ) -> [IPNetwork] {
        let known = cell.get(Node.self, "", node)?.internalAddresses ?? []
        let ours = cluster.masqueradeSubnets.values
        let all = cell.list(cell.group(of: LinkAddress.self))
            .filter { devices.contains($0.device) && $0.scope == .global && !$0.isDeprecated && !$0.isTentative }
            .map(\.address)
            .filter { network in !ours.contains { $0.contains(network.address) } }
        func rank(_ network: IPNetwork) -> Int { known.firstIndex(of: network.address) ?? known.count }
        return cluster.families.flatMap { family in
            Set(all.filter { $0.family == family }).sorted { (rank($0), $0) < (rank($1), $1) }
        }
    }

    private static func makeBridge(_ gateway: NodeGateway, _ local: LocalNode, _ cell: inout Cell) {
        let card = cell.add(Interface(key: .fixed(gateway.uplink), name: gateway.uplink))
        let cardPort = cell.add(
            Port(
                key: .fixed(gateway.uplink), interfaces: [card], name: gateway.uplink,
                otherConfig: ["transient": "true"]))
        let own = cell.add(Interface(key: .fixed(gateway.bridge), name: gateway.bridge, type: "internal"))
        let ownPort = cell.add(Port(key: .fixed(gateway.bridge), interfaces: [own], name: gateway.bridge))
        let system = RowRef<OpenVSwitch>(fixed: ".")
        cell.add(
            Bridge(
                key: .fixed(gateway.bridge), datapathType: local.datapath.rawValue,
                externalIDs: ["bridge-id": gateway.bridge, "bridge-uplink": gateway.uplink], failMode: .standalone,
                name: gateway.bridge, otherConfig: ["hwaddr": gateway.mac.description], ports: [cardPort, ownPort]),
            to: system.bridges)
        cell.add(
            BridgedUplink(
                nic: gateway.uplink, bridge: gateway.bridge, ingressDrop: local.datapath == .netdev))
    }

    private static func announce(
        _ gateway: NodeGateway, _ local: LocalNode, _ warnings: [Rejection], _ cell: inout Cell
    ) {
        let configuration = L3GatewayConfiguration(
            .init(
                mode: local.gateway.mode, bridge: gateway.bridge,
                interface: Topology.externalPort(gateway.bridge, local.nodeName), mac: gateway.mac,
                addresses: gateway.addresses, nextHops: gateway.nextHops, nodePort: local.gateway.nodePort,
                vlan: local.gateway.vlan ?? 0))
        cell.add(
            ObjectStatus(
                Node.id("", local.nodeName), annotations: [L3GatewayConfiguration.key: configuration.text],
                events: warnings.map { ObjectEvent(.warning, reason: $0.reason, message: $0.message) }))
        cell.add(
            OpenVSwitch(
                key: .fixed("."),
                externalIDs: ["ovn-bridge-mappings": "\(Topology.physicalNetwork):\(gateway.bridge)"]))
    }
}
