import Core
import Model
import Vocabulary

/// Keeps a client at the backend it was given first, until it has been silent for a time.
///
/// The engine's own option loses the first packet of a client, restarts its clock with new connections only, cuts the
/// time at 65535 seconds, and mixes up addresses that share backends. So it is not used: flows of the integration
/// bridge do the same around the engine's load balancer, in its stages.
///
/// 1. Before it, a new connection looks for the client in a table of learned flows, which say its backend. An unknown
///    client is given one, which the switch learns. Packets of known connections look too, only to restart the clock.
/// 2. At it, a client goes to its backend; one whose backend is gone is given another.
enum Affinity {
    /// What Kubernetes allows.
    static let longest = 86_400
    /// OVN's tables end far below.
    static let learnedTable = 200
    static let choiceTable = 201
    static let slotTable = 202

    /// In seconds; nil when clients are not kept.
    static func timeout(of service: Service) -> Int? {
        guard service.affinity == .clientIP, (1...longest).contains(service.affinityTimeout) else { return nil }
        return service.affinityTimeout
    }

    /// A number for the service's learned flows, by FNV-1a.
    static func cookie(of service: Service) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in "\(service.namespace)/\(service.name)".utf8 {
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        return Int(hash)
    }

    /// Where packets are balanced: which registers and tables the engine uses there.
    enum Side {
        case nodeSwitch
        case router
    }

    /// An address and port of the service, as it is balanced at one place.
    struct Target {
        let side: Side
        let address: IPAddress
        let number: Int
        let transport: TransportProtocol
        let backends: [Backend]
        /// The router leaves the client's address as it is.
        let keepsSource: Bool
    }

    static func add(_ targets: [Target], of service: Service, on node: String, _ cell: inout Cell) {
        guard let timeout = timeout(of: service), !targets.isEmpty else { return }
        let learned = LearnedFlows(
            bridge: Topology.integrationBridge, table: learnedTable, cookie: cookie(of: service), timeout: timeout)
        cell.add(learned)
        var places: [Side: AffinityFlows.Place] = [:]
        for side in [Side.nodeSwitch, .router] { places[side] = place(side, node, &cell) }
        for target in targets {
            guard let place = places[target.side] else { continue }
            for flow in AffinityFlows(target, place, learned).all { cell.add(flow) }
        }
    }

    /// Nil until the engine has said which tables it uses.
    private static func place(_ side: Side, _ node: String, _ cell: inout Cell) -> AffinityFlows.Place? {
        let isSwitch = side == .nodeSwitch
        let name = isSwitch ? Topology.nodeSwitch(node) : Topology.gatewayRouter(node)
        let stages =
            isSwitch ? ["ls_in_lb_aff_check", "ls_in_lb"] : ["lr_in_lb_aff_check", "lr_in_dnat"]
        let tables = stages.map { cell.get(LogicalStage.self, $0)?.table }
        guard let datapath = cell.get(LogicalDatapath.self, name), let check = tables[0], let balance = tables[1]
        else { return nil }
        return AffinityFlows.Place(metadata: datapath.tunnelKey, check: check, balance: balance)
    }
}
