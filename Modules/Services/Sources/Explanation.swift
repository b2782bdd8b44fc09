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
        if plan.balancers.isIdle { description.headline.append("idle") }
        let ways = plan.balancers.ways(frontends)
        description.sheets = [leads(ways, plan), endpoints(service, ways, plan)]
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
    private static func leads(_ ways: [Balancers.Way], _ plan: Plan) -> Description.Sheet {
        var sheet = Description.Sheet("LEADS TO", "ADDRESS", "FOR", "BACKENDS", "BY")
        let nobody = plan.balancers.isIdle ? "none: an event asks for one" : "none: refused"
        for way in ways {
            let name = "\(way.frontend.transport.rawValue.lowercased()) \(way.front)"
            if let host = way.host {
                sheet.add(name, way.part.clients, host.description, "the host's nftables")
            } else {
                let text = way.backends.map(\.description).joined(separator: " ")
                sheet.add(
                    name, way.part.clients, text.isEmpty ? nobody : text,
                    plan.balancers.name(way.frontend.transport, way.part))
            }
        }
        return sheet
    }

    /// An endpoint is used if some address leads to it.
    private static func endpoints(_ service: Service, _ ways: [Balancers.Way], _ plan: Plan) -> Description.Sheet {
        var sheet = Description.Sheet("ENDPOINTS", "PORT", "ENDPOINT", "NODE", "USED", "WHY")
        var used: [Service.Port: Set<Backend>] = [:]
        for way in ways { used[way.frontend.port, default: []].formUnion(reached(by: way, plan.world)) }
        let families = Set(ways.map(\.address.family))
        for port in service.ports {
            for standing in plan.backends[port]?.standings ?? [] {
                let isUsed = used[port]?.contains(standing.backend) ?? false
                let family = standing.backend.address.family
                let why =
                    switch (isUsed, standing.here) {
                    case (true, let here?) where !standing.anywhere.isUsed:
                        "\(here); only where a policy is Local: \(standing.anywhere)"
                    case (true, _): "\(standing.anywhere)" + limits(service, standing.node, plan.world.local.nodeName)
                    case (false, _) where !families.contains(family): "the service has no \(family) address"
                    case (false, _) where standing.anywhere.isUsed: "no address of the service leads to it"
                    case (false, _): "\(standing.anywhere)"
                    }
                sheet.add(
                    "\(port.transport.lowercased()) \(port.port)", standing.backend.description, standing.node,
                    isUsed ? "yes" : "no", why)
            }
        }
        for slice in plan.slices { astray(slice, service, &sheet) }
        return sheet
    }

    /// The host is behind its masquerade address where the gateway router balances.
    private static func reached(by way: Balancers.Way, _ world: World) -> [Backend] {
        let host = world.masquerade(way.address.family)?.host
        let own = world.own.filter { $0.family == way.address.family }
        let balanced = way.backends.flatMap { backend in
            backend.address == host ? own.map { Backend($0, backend.port) } : [backend]
        }
        return balanced + (way.host.map { [$0] } ?? [])
    }

    /// The ports of a slice that belong to none of the service's.
    private static func astray(_ slice: EndpointSlice, _ service: Service, _ sheet: inout Description.Sheet) {
        for port in slice.ports where !slice.endpoints.isEmpty {
            let why: String
            if slice.family == nil {
                why = "names and addresses of type \(slice.addressType) are not followed"
            } else if let fault = port.fault {
                why = fault
            } else if !service.ports.contains(where: port.belongs) {
                let name = port.name.isEmpty ? "without a name" : "named \(port.name)"
                why = "the service has no \(port.transport) port \(name)"
            } else {
                continue
            }
            sheet.add(
                "\(port.transport.lowercased()) \(port.number.map(String.init) ?? "-")",
                "all of EndpointSlice \(slice.name)", "", "no", why)
        }
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
