public import Model

/// What answers for a port of a service.
public typealias Backend = TransportAddress

/// All endpoints of one port of a service, and what becomes of each: where packets go, and what is said of it, is one
/// judgement.
public struct Backends: Sendable {
    /// An endpoint, and whether it takes new connections.
    public struct Standing: Sendable {
        public let backend: Backend
        /// Empty when it is not known.
        public let node: String
        /// For clients that may be led anywhere.
        public let anywhere: Verdict
        /// For clients that must stay on this node; nil when the endpoint is not here.
        public let here: Verdict?
    }

    /// Sorted, so that nothing depends on the order in which the API lists them.
    public let standings: [Standing]
    private let anywhere: [Family: [Backend]]
    private let here: [Family: [Backend]]
    /// The addresses on this node that are ready, for load balancers that ask.
    public let localReady: Set<IPAddress>

    /// A slice's port belongs to the service's port of the same name and protocol: several numbers may, while pods
    /// are being replaced.
    public init(
        of service: Service, _ port: Service.Port, _ endpoints: Endpoints, on node: String, zone: String? = nil
    ) {
        var candidates: [Candidate] = []
        for portion in endpoints.portions {
            for number in portion.ports where number.belongs(to: port) && number.fault == nil {
                for member in portion.members {
                    let isHere = !node.isEmpty && member.endpoint.node == node
                    candidates += member.addresses.map { address in
                        Candidate(
                            backend: Backend(address, number.number ?? 0), endpoint: member.endpoint, isHere: isHere)
                    }
                }
            }
        }
        let judge = Judge(
            takesAll: service.publishNotReadyAddresses, node: service.trafficDistribution.isEmpty ? nil : node,
            zone: service.trafficDistribution.isEmpty ? nil : zone)
        var standings: [Backend: Standing] = [:]
        for family in Family.allCases {
            let own = candidates.filter { $0.backend.address.family == family }
            let local = own.filter(\.isHere)
            // Policies come before conditions: what is elsewhere does not count.
            var here = zip(local, judge.conditions(local)).makeIterator()
            for (candidate, verdict) in zip(own, judge.verdicts(own)) {
                let standing = Standing(
                    backend: candidate.backend, node: candidate.endpoint.node, anywhere: verdict,
                    here: candidate.isHere ? here.next()?.1 : nil)
                standings[candidate.backend] = Self.better(standings[candidate.backend], standing)
            }
        }
        self.standings = standings.values.sorted { $0.backend < $1.backend }
        anywhere = Self.chosen(self.standings) { $0.anywhere.isUsed }
        here = Self.chosen(self.standings) { $0.here?.isUsed ?? false }
        localReady = Set(candidates.filter { $0.isHere && $0.endpoint.isReady }.map(\.backend.address))
    }

    /// Those that take new connections. When the client must stay on this node, only those here.
    public func answering(_ family: Family, localOnly: Bool = false) -> [Backend] {
        (localOnly ? here : anywhere)[family] ?? []
    }

    private static func chosen(_ standings: [Standing], where isUsed: (Standing) -> Bool) -> [Family: [Backend]] {
        Dictionary(grouping: standings.filter(isUsed).map(\.backend)) { $0.address.family }
    }

    /// Of an endpoint that is in two slices, while it moves from one to the other, the better counts.
    private static func better(_ a: Standing?, _ b: Standing) -> Standing {
        guard let a else { return b }
        let first = b.anywhere < a.anywhere ? b : a
        return Standing(
            backend: b.backend, node: first.node, anywhere: first.anywhere,
            here: [a.here, b.here].compactMap { $0 }.min())
    }
}
