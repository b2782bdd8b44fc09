import Core
import Model
import Vocabulary

/// The flows of the node's bridge: whose packet is whose, between the wire, the host and the gateway router, which all
/// share one MAC and the node's addresses.
///
/// Connections are told apart by a mark in one conntrack zone: 1 for the zone's, 2 for the host's. What the host and
/// the gateway router say to each other is translated without conntrack: the userspace datapath drops a packet that
/// passes through it more than a handful of times.
enum BridgeFlows {
    private static let cookie = 0xdeff_105

    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        guard let local = cell.localNode(),
            let cluster = cell.cluster(),
            let node = cell.get(NodeNetwork.self, "", local.nodeName)
        else { return }
        let patch = "patch-\(Topology.externalPort(gateway.bridge, local.nodeName))-to-\(Topology.integrationBridge)"
        // The engine makes the patch port once it has bound the gateway; flows before that would name a port that is
        // not there.
        guard cell.get(OVSInterface.self, "", patch)?.ofport != nil else { return }
        let ports = Ports(patch: patch, uplink: gateway.uplink, host: "LOCAL")
        var table = FlowTable(bridge: gateway.bridge, cookie: cookie)
        let tunnels = Set(cluster.families + node.encapsulationAddresses.map(\.family))
        basics(&table, gateway, ports, tunnels, encapsulationPort: cluster.encapsulationPort)
        for family in cluster.families {
            guard let address = gateway.address(family)?.address, let network = cluster.masqueradeSubnets[family] else {
                continue
            }
            let view = FamilyView(
                family: family, node: address, nodeNetwork: gateway.address(family)?.network,
                others: gateway.addresses.map(\.address).filter { $0.family == family && $0 != address },
                masquerade: Masquerade(network), services: cluster.serviceNetworks.filter { $0.family == family },
                cluster: cluster.clusterSubnets.map(\.network).filter { $0.family == family },
                ownSubnet: node.subnet(family))
            hairpin(&table, view, ports)
            guards(&table, view, ports)
            outside(&table, view, gateway, ports, zone: local.conntrackZone)
        }
        for flow in table.flows { cell.add(flow) }
    }

    struct Ports {
        let patch: String
        let uplink: String
        let host: String
    }

    struct FamilyView {
        let family: Family
        let node: IPAddress
        let nodeNetwork: IPNetwork?
        let others: [IPAddress]
        let masquerade: Masquerade
        let services: [IPNetwork]
        let cluster: [IPNetwork]
        let ownSubnet: IPNetwork?

        var ip: String { family == .v4 ? "ip" : "ipv6" }
        var source: String { family == .v4 ? "nw_src" : "ipv6_src" }
        var target: String { family == .v4 ? "nw_dst" : "ipv6_dst" }
        var neighbourSolicitation: Bool { family == .v6 }
    }

    /// What no family changes: tunnels, ARP, and the way of everything that nobody claims.
    private static func basics(
        _ table: inout FlowTable, _ gateway: NodeGateway, _ ports: Ports, _ tunnels: Set<Family>,
        encapsulationPort: Int
    ) {
        let mac = gateway.mac
        for udp in tunnels.sorted().map({ $0 == .v4 ? "udp" : "udp6" }) {
            table.add(205, "in_port=\(ports.uplink),dl_dst=\(mac),\(udp),tp_dst=\(encapsulationPort)", "LOCAL")
            table.add(200, "in_port=\(ports.uplink),\(udp),tp_dst=\(encapsulationPort)", "NORMAL")
            table.add(200, "in_port=LOCAL,\(udp),tp_dst=\(encapsulationPort)", "output:\(ports.uplink)")
        }
        table.add(10, "dl_dst=\(mac)", "output:\(ports.patch),NORMAL")
        table.add(10, "in_port=\(ports.patch),dl_src=\(mac)", "NORMAL")
        table.add(9, "in_port=\(ports.patch)", "drop")
        table.add(0, "", "NORMAL")
        table.add(10, "dl_dst=\(mac)", "LOCAL", in: 1)
        table.add(0, "", "NORMAL", in: 1)
        table.add(100, "", "set_field:\(mac)->eth_dst,output:\(ports.patch)", in: 2)
        table.add(100, "", "move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[],set_field:\(mac)->eth_dst,LOCAL", in: 3)
    }

    /// The host and the gateway router speak to each other by the masquerade addresses. The translation is one-to-one
    /// and keeps ports, so it needs no memory.
    private static func hairpin(_ table: inout FlowTable, _ f: FamilyView, _ ports: Ports) {
        let m = f.masquerade
        table.add(
            500, "in_port=\(ports.patch),\(f.ip),\(f.source)=\(f.node),\(f.target)=\(m.host)",
            "set_field:\(m.ovn)->\(f.source),set_field:\(f.node)->\(f.target),resubmit(,3)")
        table.add(
            500, "in_port=LOCAL,\(f.ip),\(f.source)=\(f.node),\(f.target)=\(m.ovn)",
            "set_field:\(m.host)->\(f.source),set_field:\(f.node)->\(f.target),resubmit(,2)")
        for other in f.others {
            table.add(
                500, "in_port=\(ports.patch),\(f.ip),\(f.source)=\(f.node),\(f.target)=\(other)",
                "set_field:\(m.ovn)->\(f.source),resubmit(,3)")
            table.add(
                500, "in_port=LOCAL,\(f.ip),\(f.source)=\(other),\(f.target)=\(m.ovn)",
                "set_field:\(f.node)->\(f.target),resubmit(,2)")
        }
        for services in f.services {
            table.add(500, "in_port=LOCAL,\(f.ip),\(f.source)=\(m.host),\(f.target)=\(services)", "resubmit(,2)")
            table.add(
                500, "in_port=\(ports.patch),\(f.ip),\(f.source)=\(services),\(f.target)=\(m.host)", "resubmit(,3)")
        }
    }

    /// What must never reach the wire: a service that nobody answers for, the masquerade addresses, a pod's own
    /// address.
    private static func guards(_ table: inout FlowTable, _ f: FamilyView, _ ports: Ports) {
        let from = "in_port=\(ports.patch),\(f.ip)"
        for services in f.services { table.add(115, "\(from),\(f.target)=\(services)", "drop") }
        table.add(104, "\(from),\(f.source)=\(f.masquerade.network.network)", "drop")
        table.add(104, "\(from),\(f.target)=\(f.masquerade.network.network)", "drop")
        for range in f.cluster { table.add(103, "\(from),\(f.source)=\(range)", "drop") }
    }

    /// To and from the outside: each side's connections are committed with its mark, and answers find their side.
    private static func outside(
        _ table: inout FlowTable, _ f: FamilyView, _ gateway: NodeGateway, _ ports: Ports, zone: Int
    ) {
        func commit(_ mark: Int) -> String { "ct(commit,zone=\(zone),exec(set_field:\(mark)->ct_mark))" }
        let sides = [(port: ports.patch, mark: 1), (port: ports.host, mark: 2)]
        for side in sides {
            let from = "in_port=\(side.port)" + (side.mark == 1 ? ",dl_src=\(gateway.mac)" : "")
            if let network = f.nodeNetwork {
                table.add(102, "\(from),\(f.ip),\(f.target)=\(network)", "\(commit(side.mark)),NORMAL")
            }
            if f.neighbourSolicitation {
                for type in [135, 136] {
                    table.add(102, "\(from),icmp6,icmp_type=\(type)", "\(commit(side.mark)),NORMAL")
                }
            }
            table.add(100, "\(from),\(f.ip)", "\(commit(side.mark)),output:\(ports.uplink)")
        }
        table.add(50, "\(f.ip),dl_dst=\(gateway.mac)", "ct(zone=\(zone),nat,table=1)")
        for state in ["+trk+est", "+trk+rel"] {
            table.add(100, "\(f.ip),ct_state=\(state),ct_mark=1", "output:\(ports.patch)", in: 1)
            table.add(100, "\(f.ip),ct_state=\(state),ct_mark=2", "LOCAL", in: 1)
        }
        if f.family == .v6 {
            for type in [134, 136] { table.add(14, "icmp6,icmp_type=\(type)", "FLOOD", in: 1) }
        }
        let udp = f.family == .v4 ? "udp" : "udp6"
        table.add(13, "in_port=\(ports.uplink),\(udp),tp_dst=3784", "output:\(ports.patch),LOCAL", in: 1)
    }
}

/// Collects the flows of one bridge.
struct FlowTable {
    let bridge: String
    let cookie: Int
    private(set) var flows: [Flow] = []

    init(bridge: String, cookie: Int) {
        self.bridge = bridge
        self.cookie = cookie
    }

    mutating func add(_ priority: Int, _ match: String, _ actions: String, in table: Int = 0) {
        flows.append(
            Flow(bridge: bridge, table: table, priority: priority, match: match, actions: actions, cookie: cookie))
    }
}
