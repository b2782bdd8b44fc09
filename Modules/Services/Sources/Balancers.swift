import Core
import Model
import Vocabulary

/// The northbound load balancers of one service.
///
/// A zone has one node, so what a client gets depends on where it is balanced: pods of the node on its switch, all
/// others on the gateway router. Addresses that have the same backends at both places share a row.
struct Balancers {
    private let service: Service
    private let world: World
    private let backends: [Service.Port: Backends]
    /// Who comes while there is no endpoint waits for one, which an event asks for.
    let isIdle: Bool

    init(_ service: Service, _ world: World, _ backends: [Service.Port: Backends], isIdle: Bool) {
        self.service = service
        self.world = world
        self.backends = backends
        self.isIdle = isIdle
    }

    /// A row of the service, but for its protocol.
    enum Part: Hashable {
        case cluster
        case nodeBoth
        case nodeSwitch
        case nodeRouter
        /// The client's address is kept.
        case localRouter
        /// Without the router's address as their source, refusals reach the client.
        case emptyRouter

        var group: Groups {
            switch self {
            case .cluster, .nodeBoth: .both
            case .nodeSwitch: .nodeSwitch
            case .nodeRouter, .localRouter, .emptyRouter: .router
            }
        }

        var sides: [Affinity.Side] {
            switch self {
            case .cluster, .nodeBoth: [.nodeSwitch, .router]
            case .nodeSwitch: [.nodeSwitch]
            case .nodeRouter, .localRouter, .emptyRouter: [.router]
            }
        }

        var keepsSource: Bool { self == .localRouter || self == .emptyRouter }

        /// Whose packets are balanced by it.
        var clients: String {
            switch sides {
            case [.nodeSwitch]: "pods here"
            case [.router]: "others"
            default: "all"
            }
        }

        func suffix(_ node: String) -> String {
            switch self {
            case .cluster: "cluster"
            case .nodeBoth: "node_router+switch_\(node)"
            case .nodeSwitch: "node_switch_\(node)"
            case .nodeRouter: "node_router_\(node)"
            case .localRouter: "node_local_router_\(node)"
            case .emptyRouter: "node_empty_router_\(node)"
            }
        }
    }

    private struct RowName: Hashable {
        let transport: TransportProtocol
        let part: Part
    }

    /// Where one address of the service leads, for some clients: what rows are made of, and explanations.
    struct Way {
        let frontend: Frontend
        let address: IPAddress
        let part: Part
        let backends: [Backend]
        /// The host itself, which takes these clients instead.
        let host: Backend?

        /// The address and port that clients use.
        var front: Backend { Backend(address, frontend.number) }
    }

    func ways(_ frontends: [Frontend]) -> [Way] {
        frontends.flatMap { frontend in
            frontend.addresses(world.own).flatMap { address in
                let host = ownBackend(frontend, address.family)
                return placed(frontend, address.family).map { part, backends in
                    Way(
                        frontend: frontend, address: address, part: part, backends: backends,
                        host: part.sides == [.router] ? host : nil)
                }
            }
        }
    }

    func add(_ frontends: [Frontend], _ cell: inout Cell) {
        var rows: [RowName: [String: String]] = [:]
        var sticky: [Affinity.Target] = []
        for way in ways(frontends) {
            let transport = way.frontend.transport
            rows[RowName(transport: transport, part: way.part), default: [:]][way.front.description] =
                way.backends.map(\.description).joined(separator: ",")
            for side in way.part.sides where !way.backends.isEmpty {
                sticky.append(
                    Affinity.Target(
                        side: side, address: way.address, number: way.frontend.number, transport: transport,
                        backends: way.backends, keepsSource: way.part.keepsSource))
            }
        }
        for (name, vips) in rows { add(name, vips, &cell) }
        Affinity.add(sticky, of: service, on: world.local.nodeName, &cell)
    }

    /// What of the frontend goes into which row.
    private func placed(_ frontend: Frontend, _ family: Family) -> [(Part, [Backend])] {
        let onSwitch = onSwitch(frontend, family)
        let isLocal = frontend.isExternal && service.externalPolicy == .local
        let onRouter = onRouter(frontend, family, localOnly: isLocal)
        if onRouter.isEmpty { return [(.nodeSwitch, onSwitch), (.emptyRouter, [])] }
        if isLocal { return [(.nodeSwitch, onSwitch), (.localRouter, onRouter)] }
        if onSwitch == onRouter {
            return [(frontend.place == .node ? .nodeBoth : .cluster, onSwitch)]
        }
        return [(.nodeSwitch, onSwitch), (.nodeRouter, onRouter)]
    }

    func answering(_ frontend: Frontend, _ family: Family, localOnly: Bool = false) -> [Backend] {
        backends[frontend.port]?.answering(family, localOnly: localOnly) ?? []
    }

    private func onSwitch(_ frontend: Frontend, _ family: Family) -> [Backend] {
        answering(frontend, family, localOnly: !frontend.isExternal && service.internalPolicy == .local)
    }

    /// The node itself, when clients from outside may have no other: the policy is Local, and only processes of the
    /// host answer here. Their packets then stay with the host; through OVN they would lose their source. Of several
    /// ports the lowest.
    func ownBackend(_ frontend: Frontend, _ family: Family) -> Backend? {
        guard frontend.isExternal, service.externalPolicy == .local else { return nil }
        let near = answering(frontend, family, localOnly: true)
        return near.allSatisfy { world.own.contains($0.address) } ? near.first : nil
    }

    /// A backend that is the node itself is behind its masquerade address here: the node's own is the router's too.
    private func onRouter(_ frontend: Frontend, _ family: Family, localOnly: Bool) -> [Backend] {
        let chosen = answering(frontend, family, localOnly: localOnly)
        guard let host = world.masquerade(family)?.host else { return chosen }
        if localOnly { return chosen.filter { !world.own.contains($0.address) } }
        return chosen.map { world.own.contains($0.address) ? Backend(host, $0.port) : $0 }.sorted()
    }

    func name(_ transport: TransportProtocol, _ part: Part) -> String {
        "Service_\(service.namespace)/\(service.name)_\(transport.rawValue)_\(part.suffix(world.local.nodeName))"
    }

    private func add(_ row: RowName, _ vips: [String: String], _ cell: inout Cell) {
        let name = name(row.transport, row.part)
        var options = [
            "reject": String(!isIdle), "event": String(isIdle), "skip_snat": String(row.part.keepsSource),
            "neighbor_responder": "none",
            "hairpin_snat_ip": world.cluster.families.compactMap { world.masquerade($0)?.hairpin.description }
                .joined(separator: " "),
        ]
        // A client with a fixed port would else stay with a backend that is gone.
        if row.transport == .udp { options["ct_flush"] = "true" }
        cell.add(
            LoadBalancer(
                key: .fixed(name),
                externalIDs: [
                    "k8s.ovn.org/kind": "Service", "k8s.ovn.org/owner": "\(service.namespace)/\(service.name)",
                ],
                name: name, options: options, protocol: transport(row.transport),
                // The engine's own hash costs the userspace datapath one pass too many.
                selectionFields: world.local.datapath == .netdev ? [.ipSrc, .ipDst, .tpSrc, .tpDst] : nil,
                vips: vips),
            to: row.part.group.row.loadBalancer)
    }

    private func transport(_ transport: TransportProtocol) -> LoadBalancer.Transport {
        switch transport {
        case .tcp: .tcp
        case .udp: .udp
        case .sctp: .sctp
        }
    }
}
