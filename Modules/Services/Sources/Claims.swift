import Core
import Model
import Vocabulary

/// Says what each service wants, so that the cell of another one that wants the same can know.
enum Claims {
    static func handle(_ service: Service, _ cell: inout Cell) throws(Rejection) {
        guard let world = World(&cell) else { return }
        for claim in world.frontends(of: service).claims.sorted() { cell.publish(ServiceClaim(service, claim)) }
    }

    /// No service can take an address that is some node's.
    static func handle(_ node: Node, _ cell: inout Cell) throws(Rejection) {
        for address in Set(node.internalAddresses).sorted() { cell.publish(ServiceClaim(node, address)) }
    }

    /// Whose address it is. This node may have more than its object says.
    private static func owner(of address: IPAddress, in world: World, _ cell: inout Cell) -> String? {
        if world.own.contains(address) { return world.local.nodeName }
        let selector = LabelSelector(labels: [ServiceClaim.label: ServiceClaim.claim(to: address)])
        return cell.list(cell.group(of: ServiceClaim.self, matching: selector)).first?.service
    }

    /// Keeps the frontends that no older service has; complains of the others.
    static func won(
        _ frontends: [Frontend], by service: Service, in world: World, _ complaints: inout [Rejection],
        _ cell: inout Cell
    ) -> [Frontend] {
        var kept: [Frontend] = []
        for frontend in frontends {
            if let address = frontend.address, let node = owner(of: address, in: world, &cell) {
                let complaint = Rejection(
                    "AddressInUse", field: frontend.field,
                    "\(address) is an address of node \(node); use a node port, or another")
                if !complaints.contains(complaint) { complaints.append(complaint) }
                continue
            }
            if let lost = lost(frontend.claim, by: service, frontend.field, &cell) {
                complaints.append(lost)
            } else {
                kept.append(frontend)
            }
        }
        return kept
    }

    /// The port of the service's health checks, unless an older service has it.
    static func wonHealth(
        _ frontends: Frontends, by service: Service, _ complaints: inout [Rejection], _ cell: inout Cell
    ) -> Int? {
        guard let port = frontends.healthPort else { return nil }
        let claim = Frontends.claim(toHealth: port)
        guard let lost = lost(claim, by: service, "spec.healthCheckNodePort", &cell) else { return port }
        complaints.append(lost)
        return nil
    }

    private static func lost(
        _ claim: String, by service: Service, _ field: String, _ cell: inout Cell
    ) -> Rejection? {
        let selector = LabelSelector(labels: [ServiceClaim.label: claim])
        let rivals = cell.list(cell.group(of: ServiceClaim.self, matching: selector))
        guard let winner = ServiceClaim.winner(rivals),
            (winner.namespace, winner.service) != (service.namespace, service.name)
        else { return nil }
        let owner = "\(winner.namespace)/\(winner.service)"
        return Rejection("Conflict", field: field, "\(claim) belongs to the older service \(owner); choose another")
    }
}

/// What of its surroundings every service depends on.
struct World {
    let local: LocalNode
    let cluster: ClusterNetwork
    let gateway: NodeGateway?

    init?(_ cell: inout Cell) {
        guard let local = cell.localNode(), let cluster = cell.cluster() else { return nil }
        self.local = local
        self.cluster = cluster
        gateway = cell.get(NodeGateway.self, ".")
    }

    /// The addresses of the node, which node ports answer on.
    var own: [IPAddress] { gateway?.addresses.map(\.address) ?? [] }

    func frontends(of service: Service) -> Frontends {
        Frontends(
            service, in: cluster, nodePorts: local.gateway.nodePort && gateway != nil)
    }

    func masquerade(_ family: Family) -> Masquerade? { cluster.masqueradeSubnets[family].map(Masquerade.init) }
}
