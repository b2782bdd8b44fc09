import Core
import Model
import Vocabulary

/// How the host's own processes reach services at other addresses than the cluster's: its kernel translates them.
///
/// Node ports and external addresses become the cluster's address. Services with the internal policy Local are
/// balanced on the node's switch, so their packets are marked and leave by the management port. What arrives from
/// outside for a process of the host itself is translated here too, so that the process sees its client.
enum HostTables {
    private static let mark = "0x1745ec"
    private static let markNumber = 0x17_45ec
    private static let table = 7

    private struct Names {
        let nodePorts: String
        let addresses: String
        let local: String
        let own: String
        let family: Family

        init(_ family: Family) {
            self.family = family
            nodePorts = "service-ports-v\(family.rawValue)"
            addresses = "service-addresses-v\(family.rawValue)"
            local = "service-local-v\(family.rawValue)"
            own = "service-own-v\(family.rawValue)"
        }

        var ip: String { family == .v4 ? "ip" : "ip6" }
        var type: String { family == .v4 ? "ipv4_addr" : "ipv6_addr" }
    }

    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        guard let world = World(&cell), let node = cell.get(NodeNetwork.self, world.local.nodeName) else { return }
        var translations: [String] = []
        var arrivals: [String] = []
        var marks: [String] = []
        var sources: [String] = []
        for family in world.cluster.families {
            let names = Names(family)
            let target = "\(names.type) . inet_service"
            cell.add(NetfilterSet(names.nodePorts, type: "inet_proto . inet_service : \(target)"))
            cell.add(
                NetfilterSet(names.addresses, type: "\(names.type) . inet_proto . inet_service : \(target)"))
            cell.add(NetfilterSet(names.own, type: "\(names.type) . inet_proto . inet_service : \(target)"))
            cell.add(NetfilterSet(names.local, type: "\(names.type) . inet_proto . inet_service"))
            let own = world.own.filter { $0.family == family }.map(\.description)
            if !own.isEmpty {
                translations.append(
                    "\(names.ip) daddr { \(own.joined(separator: ", ")) } dnat \(names.ip) to "
                        + "meta l4proto . th dport map @\(names.nodePorts)")
            }
            let key = "\(names.ip) daddr . meta l4proto . th dport"
            translations.append("dnat \(names.ip) to \(key) map @\(names.addresses)")
            arrivals.append("dnat \(names.ip) to \(key) map @\(names.own)")
            marks.append("\(key) @\(names.local) meta mark set \(mark)")
            guard let hop = node.gateway(family), let management = node.management(family) else { continue }
            sources.append(
                "oifname \"\(Topology.managementDevice)\" meta mark \(mark) snat \(names.ip) to \(management)")
            cell.add(HostRule(family: family, priority: 30, mark: markNumber, table: table))
            for services in world.cluster.serviceNetworks where services.family == family {
                cell.add(HostRoute(services, device: Topology.managementDevice, via: hop, table: table))
            }
        }
        cell.add(
            NetfilterChain(
                "service-translations", hook: .init(type: "nat", hook: "output", priority: -100), rules: translations))
        cell.add(
            NetfilterChain(
                "service-arrivals", hook: .init(type: "nat", hook: "prerouting", priority: -100), rules: arrivals))
        cell.add(
            NetfilterChain("service-marks", hook: .init(type: "route", hook: "output", priority: -150), rules: marks))
        cell.add(
            NetfilterChain(
                "service-sources", hook: .init(type: "nat", hook: "postrouting", priority: 99), rules: sources))
    }

    /// A service's entries.
    static func add(
        _ frontends: [Frontend], of service: Service, _ world: World, _ balancers: Balancers, _ cell: inout Cell
    ) {
        guard world.gateway != nil else { return }
        // Of this port: another's may have been lost to another service.
        var inside: [Service.Port: [Family: IPAddress]] = [:]
        for frontend in frontends {
            guard case .cluster(let address) = frontend.place else { continue }
            inside[frontend.port, default: [:]][address.family] = address
        }
        for frontend in frontends {
            let transport = frontend.transport.rawValue.lowercased()
            for address in frontend.addresses(world.own) {
                guard let own = balancers.ownBackend(frontend, address.family) else { continue }
                cell.add(
                    "\(address) . \(transport) . \(frontend.number) : \(own.address) . \(own.port)",
                    to: RowRef<NetfilterSet>(inet: Names(address.family).own).elements)
            }
            switch frontend.place {
            case .cluster(let address):
                if service.internalPolicy == .local {
                    addLocal(frontend, address, transport, world, balancers, &cell)
                }
            case .external(let address), .ingress(let address):
                guard let target = inside[frontend.port]?[address.family] else { continue }
                cell.add(
                    "\(address) . \(transport) . \(frontend.number) : \(target) . \(frontend.port.port)",
                    to: RowRef<NetfilterSet>(inet: Names(address.family).addresses).elements)
            case .node:
                for (family, target) in inside[frontend.port] ?? [:] {
                    cell.add(
                        "\(transport) . \(frontend.number) : \(target) . \(frontend.port.port)",
                        to: RowRef<NetfilterSet>(inet: Names(family).nodePorts).elements)
                }
            }
        }
    }

    /// An endpoint of the node itself is reached without OVN, which could not lead back to where it came from.
    private static func addLocal(
        _ frontend: Frontend, _ address: IPAddress, _ transport: String, _ world: World, _ balancers: Balancers,
        _ cell: inout Cell
    ) {
        let names = Names(address.family)
        let key = "\(address) . \(transport) . \(frontend.number)"
        let near = balancers.answering(frontend, address.family, localOnly: true)
        if let own = near.first(where: { world.own.contains($0.address) }) {
            cell.add(
                "\(key) : \(own.address) . \(own.port)", to: RowRef<NetfilterSet>(inet: names.addresses).elements)
        } else {
            cell.add(key, to: RowRef<NetfilterSet>(inet: names.local).elements)
        }
    }
}

extension RowRef where R == NetfilterSet {
    fileprivate init(inet name: String) { self.init(fixed: "\(NetfilterFamily.inet.rawValue) \(name)") }
}
