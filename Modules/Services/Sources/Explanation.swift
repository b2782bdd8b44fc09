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
        let frontends = Claims.won(world.frontends(of: service).list, by: service, &complaints, &cell)
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
        var sheet = Description.Sheet("LEADS TO", "ADDRESS", "FOR", "BACKENDS", "ROW")
        for frontend in frontends {
            for address in frontend.addresses(plan.world.own) {
                let name = "\(frontend.transport.rawValue.lowercased()) \(Backend(address, frontend.number))"
                for (part, backends) in plan.balancers.placed(frontend, address.family) {
                    sheet.add(
                        name, part.clients,
                        backends.isEmpty
                            ? "none: refused" : backends.map(\.description).joined(separator: " "),
                        "nb/Load_Balancer/\(plan.balancers.name(frontend.transport, part))")
                }
            }
        }
        return sheet
    }

    private static func endpoints(_ service: Service, _ plan: Plan) -> Description.Sheet {
        var sheet = Description.Sheet("ENDPOINTS", "PORT", "ENDPOINT", "NODE", "USED", "WHY")
        for port in service.ports {
            for standing in Backends(of: service, port, plan.slices, on: plan.world.local.nodeName).standings {
                sheet.add(
                    "\(port.transport.lowercased()) \(port.port)", standing.backend.description, standing.node,
                    standing.isUsed ? "yes" : "no", standing.reason)
            }
        }
        return sheet
    }
}
