import Core
import Model
import Vocabulary

/// Says what each service wants, so that the cell of another one that wants the same can know.
enum Claims {
    static func handle(_ service: Service, _ cell: inout Cell) throws(Rejection) {
        guard let world = World(&cell) else { return }
        for frontend in world.frontends(of: service).list { cell.publish(ServiceClaim(service, frontend.claim)) }
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
            let selector = LabelSelector(labels: [ServiceClaim.label: frontend.claim])
            let rivals = cell.list(cell.group(of: ServiceClaim.self, matching: selector))
            if let winner = ServiceClaim.winner(rivals),
                (winner.namespace, winner.service) != (service.namespace, service.name)
            {
                let owner = "\(winner.namespace)/\(winner.service)"
                complaints.append(
                    Rejection(
                        "Conflict", field: frontend.field,
                        "\(frontend.claim) belongs to the older service \(owner); choose another"))
            } else {
                kept.append(frontend)
            }
        }
        return kept
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
