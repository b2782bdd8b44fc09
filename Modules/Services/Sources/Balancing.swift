import Core
import Model
import Vocabulary

/// A service with its endpoints, on this node.
struct Plan {
    let world: World
    let slices: [EndpointSlice]
    let backends: [Service.Port: Backends]
    let balancers: Balancers

    init(_ service: Service, _ world: World, _ cell: inout Cell) {
        self.world = world
        let selector = LabelSelector(labels: [EndpointSlice.serviceLabel: service.name])
        slices = cell.list(
            cell.group(of: EndpointSlice.self, in: .namespace(service.namespace), matching: selector))
        let zone =
            service.trafficDistribution.isEmpty
            ? nil : cell.get(Node.self, world.local.nodeName)?.labels["topology.kubernetes.io/zone"]
        let endpoints = Endpoints(slices)
        backends = service.ports.reduce(into: [:]) { all, port in
            all[port] = Backends(of: service, port, endpoints, on: world.local.nodeName, zone: zone)
        }
        balancers = Balancers(
            service, world, backends, isIdle: cell.settings(ServiceSettings.self).isIdle(service))
    }
}

/// A service and its endpoints become load balancers, flows, and entries of the host's tables.
enum Balancing {
    static func handle(_ service: Service, _ cell: inout Cell) throws(Rejection) {
        guard let world = World(&cell) else { return }
        let asked = world.frontends(of: service)
        var complaints = asked.complaints
        let frontends = Claims.won(asked.list, by: service, in: world, &complaints, &cell)
        if !frontends.isEmpty {
            let plan = Plan(service, world, &cell)
            complaints += unusable(plan.slices, for: frontends)
            complaints += affinityComplaints(service)
            complaints += untranslated(frontends, plan)
            plan.balancers.add(frontends, &cell)
            BridgeFlows(service, world).add(frontends, plan.balancers, &cell)
            HostTables.add(frontends, of: service, world, plan.balancers, &cell)
            if let port = Claims.wonHealth(asked, by: service, &complaints, &cell) {
                Health.add(service, at: port, plan, &cell)
            }
        }
        for complaint in complaints { cell.report(complaint) }
    }

    /// Endpoints that no frontend can lead to.
    private static func unusable(_ slices: [EndpointSlice], for frontends: [Frontend]) -> [Rejection] {
        let families = Set(frontends.compactMap { $0.address?.family })
        var found: [Rejection] = []
        for slice in slices {
            guard slice.addressType != "FQDN", !slice.endpoints.isEmpty else { continue }
            let wrong = slice.endpoints.flatMap(\.addresses).filter { text in
                IPAddress(text).map { $0.family != slice.family } ?? true
            }
            if let first = wrong.first {
                found.append(
                    Rejection(
                        "BadEndpoint",
                        "EndpointSlice \(slice.name): \(first) is no address of type \(slice.addressType)"))
            }
            for port in slice.ports {
                guard let fault = port.fault else { continue }
                let name = port.name.isEmpty ? "" : " named \(port.name)"
                found.append(Rejection("BadEndpoint", "EndpointSlice \(slice.name): port\(name): \(fault)"))
            }
            if let family = slice.family, !families.isEmpty, !families.contains(family) {
                found.append(
                    Rejection(
                        "FamilyMismatch",
                        "EndpointSlice \(slice.name): its endpoints are \(family), the service is not"))
            }
        }
        return found
    }

    /// The userspace datapath knows no ports of SCTP: it translates addresses only.
    private static func untranslated(_ frontends: [Frontend], _ plan: Plan) -> [Rejection] {
        guard plan.world.local.datapath == .netdev else { return [] }
        let wrong = frontends.filter { frontend in
            frontend.transport == .sctp
                && frontend.families.contains { family in
                    plan.balancers.answering(frontend, family).contains { $0.port != frontend.number }
                }
        }
        return Set(wrong.map(\.number)).sorted().map { number in
            Rejection(
                "UntranslatedPort", field: "spec.ports",
                "SCTP \(number) leads to another port, but the userspace datapath translates only addresses of SCTP; "
                    + "let port and targetPort be the same")
        }
    }

    private static func affinityComplaints(_ service: Service) -> [Rejection] {
        guard service.affinity == .clientIP, Affinity.timeout(of: service) == nil else { return [] }
        return [
            Rejection(
                "BadTimeout", field: "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                "\(service.affinityTimeout) is not from 1 to \(Affinity.longest); clients are not kept at their "
                    + "backends")
        ]
    }
}
