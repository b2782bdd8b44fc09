import Core
import Model
import Vocabulary

/// Says where the addresses of a service lead on this node, and what becomes of each endpoint.
enum Explanation {
    static func handle(_ service: Service, _ cell: inout Cell) throws(Rejection) -> Description {
        var description = Description(service.type.rawValue)
        guard let world = World(&cell) else { return description }
        if let other = notOurs(service) {
            description.headline.append(other)
            return description
        }
        description.headline += headline(service)
        var complaints: [Rejection] = []
        let frontends = Claims.won(world.frontends(of: service).list, by: service, in: world, &complaints, &cell)
        let plan = Plan(service, world, &cell)
        description.sheets = [ways(frontends, plan), endpoints(service, plan)]
        if plan.slices.isEmpty { description.notes.append("there is no EndpointSlice of this service") }
        return description
    }

    /// Why there is nothing to say.
    private static func notOurs(_ service: Service) -> String? {
        if let proxy = service.labels[Frontends.proxyLabel] { return "served by \(proxy), not by Ovenbird" }
        if service.type == .externalName { return "a name only: no packet comes to it" }
        return service.isHeadless ? "headless: clients find the endpoints by name" : nil
    }

    private static func headline(_ service: Service) -> [String] {
        var words = service.clusterIPs
        if service.externalPolicy == .local { words.append("external policy Local") }
        if service.internalPolicy == .local { words.append("internal policy Local") }
        if let seconds = Affinity.timeout(of: service) { words.append("clients stay until \(seconds) s of silence") }
        return words
    }

    /// Each address, for pods of this node and for all others.
    private static func ways(_ frontends: [Frontend], _ plan: Plan) -> Description.Sheet {
        var sheet = Description.Sheet("LEADS TO", "ADDRESS", "FOR", "BACKENDS", "BY")
        for frontend in frontends {
            for address in frontend.addresses(plan.world.own) {
                let name = "\(frontend.transport.rawValue.lowercased()) \(Backend(address, frontend.number))"
                let own = plan.balancers.ownBackend(frontend, address.family)
                for (part, backends) in plan.balancers.placed(frontend, address.family) {
                    let text = backends.map(\.description).joined(separator: " ")
                    let balancer = plan.balancers.name(frontend.transport, part)
                    if let own, part.sides == [.router] {
                        sheet.add(name, part.clients, own.description, "the host's nftables")
                    } else {
                        sheet.add(name, part.clients, text.isEmpty ? "none: refused" : text, balancer)
                    }
                }
            }
        }
        return sheet
    }

    private static func endpoints(_ service: Service, _ plan: Plan) -> Description.Sheet {
        var sheet = Description.Sheet("ENDPOINTS", "PORT", "ENDPOINT", "NODE", "USED", "WHY")
        let families = Set(service.clusterIPs.compactMap { IPAddress($0)?.family })
        for port in service.ports {
            for standing in Backends(of: service, port, plan.slices, on: plan.world.local.nodeName).standings {
                let family = standing.backend.address.family
                let isUsed = standing.isUsed && families.contains(family)
                let reason =
                    families.contains(family) ? standing.reason : "the service has no \(family) address"
                sheet.add(
                    "\(port.transport.lowercased()) \(port.port)", standing.backend.description, standing.node,
                    isUsed ? "yes" : "no",
                    isUsed ? reason + limits(service, standing.node, plan.world.local.nodeName) : reason)
            }
        }
        return sheet
    }

    /// Which clients an endpoint does not get, though it is used.
    private static func limits(_ service: Service, _ node: String, _ own: String) -> String {
        guard node != own else { return "" }
        switch (service.externalPolicy == .local && service.type != .clusterIP, service.internalPolicy == .local) {
        case (true, true): return "; only for pods here that ask a node port: the policies are Local"
        case (true, false): return "; not for clients from outside here: the external policy is Local"
        case (false, true): return "; not at the cluster's address here: the internal policy is Local"
        case (false, false): return ""
        }
    }
}
