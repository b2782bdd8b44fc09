import Core
import Model
import Vocabulary

/// A service and its endpoints become load balancers, flows, and entries of the host's tables.
enum Balancing {
    static func handle(_ service: Service, _ cell: inout Cell) throws(Rejection) {
        guard let world = World(&cell) else { return }
        let asked = world.frontends(of: service)
        var complaints = asked.complaints
        let frontends = Claims.won(asked.list, by: service, &complaints, &cell)
        if !frontends.isEmpty {
            let selector = LabelSelector(labels: [EndpointSlice.serviceLabel: service.name])
            let slices = cell.list(
                cell.group(of: EndpointSlice.self, in: .namespace(service.namespace), matching: selector))
            complaints += unusable(slices, for: frontends)
            complaints += affinityComplaints(service)
            let zone =
                service.trafficDistribution.isEmpty
                ? nil : cell.get(Node.self, world.local.nodeName)?.labels["topology.kubernetes.io/zone"]
            let balancers = Balancers(service, world, slices, zone: zone)
            balancers.add(frontends, &cell)
            BridgeFlows(service, world).add(frontends, &cell)
            HostTables.add(frontends, of: service, world, balancers, &cell)
            Health.add(service, world, slices, &cell)
        }
        if !complaints.isEmpty { cell.add(ObjectStatus(service.id, events: complaints)) }
    }

    /// Endpoints that no frontend can lead to.
    private static func unusable(_ slices: [EndpointSlice], for frontends: [Frontend]) -> [ObjectEvent] {
        let families = Set(frontends.compactMap { $0.address?.family })
        var events: [ObjectEvent] = []
        for slice in slices {
            guard slice.addressType != "FQDN", !slice.endpoints.isEmpty else { continue }
            let wrong = slice.endpoints.flatMap(\.addresses).filter { text in
                IPAddress(text).map { $0.family != slice.family } ?? true
            }
            if let first = wrong.first {
                events.append(
                    ObjectEvent(
                        .warning, reason: "BadEndpoint",
                        message: "EndpointSlice \(slice.name): \(first) is no address of type \(slice.addressType)"))
            }
            if let family = slice.family, !families.contains(family) {
                events.append(
                    ObjectEvent(
                        .warning, reason: "FamilyMismatch",
                        message: "EndpointSlice \(slice.name): its endpoints are \(family), the service is not"))
            }
        }
        return events
    }

    private static func affinityComplaints(_ service: Service) -> [ObjectEvent] {
        guard service.affinity == .clientIP, Affinity.timeout(of: service) == nil else { return [] }
        return [
            ObjectEvent(
                .warning, reason: "BadTimeout",
                message: "spec.sessionAffinityConfig.clientIP.timeoutSeconds: \(service.affinityTimeout) is not from 1 "
                    + "to \(Affinity.longest); clients are not kept at their backends")
        ]
    }
}
