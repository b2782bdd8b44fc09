public import Model

/// What answers for a port of a service.
public typealias Backend = TransportAddress

/// All endpoints of one port of a service, ready or not, and which of them answer.
public struct Backends: Sendable {
    struct Candidate {
        let backend: Backend
        let endpoint: EndpointSlice.Endpoint
    }

    private let candidates: [Candidate]
    private let publishesNotReady: Bool
    private let node: String

    /// A slice's port belongs to the service's port of the same name and protocol: several numbers may, while pods
    /// are being replaced. Addresses that are none, or of another family than their slice, are left out.
    public init(of service: Service, _ port: Service.Port, _ slices: [EndpointSlice], on node: String) {
        var candidates: [Candidate] = []
        for slice in slices {
            guard let family = slice.family else { continue }
            for number in slice.ports where number.name == port.name && number.transport == port.transport {
                guard let number = number.number, (1...65535).contains(number) else { continue }
                for endpoint in slice.endpoints {
                    for address in endpoint.addresses.compactMap({ IPAddress($0) }) where address.family == family {
                        candidates.append(Candidate(backend: Backend(address, number), endpoint: endpoint))
                    }
                }
            }
        }
        self.candidates = candidates
        publishesNotReady = service.publishNotReadyAddresses
        self.node = node
    }

    /// Those that take new connections: ready ones, or while there is none, those that still serve while they end.
    /// Sorted, so that nothing depends on the order in which the API lists them.
    public func answering(_ family: Family, localOnly: Bool = false) -> [Backend] {
        sorted(chosen(family, localOnly: localOnly))
    }

    /// Those of them that were hinted at for a node, else for its zone; all when none is. One that ends is not
    /// preferred to one that is ready, be it ever so near.
    public func near(_ family: Family, node: String, zone: String?) -> [Backend] {
        let all = chosen(family, localOnly: false)
        var close = all.filter { $0.endpoint.forNodes.contains(node) }
        if close.isEmpty, let zone { close = all.filter { $0.endpoint.forZones.contains(zone) } }
        return sorted(close.isEmpty ? all : close)
    }

    private func sorted(_ candidates: [Candidate]) -> [Backend] { Set(candidates.map(\.backend)).sorted() }

    private func chosen(_ family: Family, localOnly: Bool) -> [Candidate] {
        let able = candidates.filter { candidate in
            candidate.backend.address.family == family
                && (!localOnly || (!node.isEmpty && candidate.endpoint.node == node))
        }
        let ready = able.filter { $0.endpoint.isReady || publishesNotReady }
        return ready.isEmpty ? able.filter { $0.endpoint.isServing && $0.endpoint.isTerminating } : ready
    }

    /// How many addresses on this node are ready, for load balancers that ask.
    public var localReady: Set<IPAddress> {
        Set(
            candidates.filter { $0.endpoint.isReady && !node.isEmpty && $0.endpoint.node == node }
                .map(\.backend.address))
    }

    /// What becomes of an endpoint, for explanations.
    public struct Standing: Sendable {
        public let backend: Backend
        /// Empty when it is not known.
        public let node: String
        public let isUsed: Bool
        public let reason: String
    }

    /// All endpoints of the port, used or not.
    public var standings: [Standing] {
        candidates.map { candidate in
            let endpoint = candidate.endpoint
            let isUsed = answering(candidate.backend.address.family).contains(candidate.backend)
            let reason =
                switch (isUsed, endpoint.isReady) {
                case (true, true): "ready"
                case (true, false): publishesNotReady ? "published though not ready" : "ends, but no other is ready"
                case (false, _) where endpoint.isTerminating && endpoint.isServing: "ends, and others are ready"
                case (false, _): endpoint.isTerminating ? "ends, and does not serve" : "not ready"
                }
            return Standing(backend: candidate.backend, node: endpoint.node, isUsed: isUsed, reason: reason)
        }.sorted { $0.backend < $1.backend }
    }
}
