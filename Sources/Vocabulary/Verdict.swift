import Model

/// What becomes of an endpoint, and why; the best first.
public enum Verdict: Int, Comparable, Sendable, CustomStringConvertible {
    case ready
    case published
    case ending
    case hintedElsewhere
    case unhinted
    case outdone
    case deaf
    case notReady

    /// It takes new connections.
    public var isUsed: Bool { self <= .ending }

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    public var description: String {
        switch self {
        case .ready: "ready"
        case .published: "published though not ready"
        case .ending: "ends, but no other is ready"
        case .hintedElsewhere: "hinted at other nodes or zones"
        case .unhinted: "others are hinted at this node or its zone"
        case .outdone: "ends, and others are ready"
        case .deaf: "ends, and does not serve"
        case .notReady: "not ready"
        }
    }
}

/// An endpoint's address and port, before it is judged.
struct Candidate {
    let backend: Backend
    let endpoint: EndpointSlice.Endpoint
    let isHere: Bool
}

/// Decides which of several endpoints of one family take new connections.
struct Judge {
    /// The service publishes them ready or not.
    let takesAll: Bool
    /// Whose hints count; nil for none.
    let node: String?
    let zone: String?

    /// By condition: ready ones, or while there is none, those that still serve while they end.
    func conditions(_ candidates: [Candidate]) -> [Verdict] {
        let others: Verdict = candidates.contains { $0.endpoint.isReady || takesAll } ? .outdone : .ending
        return candidates.map { candidate in
            let endpoint = candidate.endpoint
            if endpoint.isReady { return .ready }
            if takesAll { return .published }
            guard endpoint.isTerminating else { return .notReady }
            return endpoint.isServing ? others : .deaf
        }
    }

    /// Of those, the ones that were hinted at for the node, else for its zone; all when none is.
    func verdicts(_ candidates: [Candidate]) -> [Verdict] {
        let verdicts = conditions(candidates)
        let used = candidates.indices.filter { verdicts[$0].isUsed }
        var near = Set(used.filter { index in node.map(candidates[index].endpoint.forNodes.contains) ?? false })
        if near.isEmpty {
            near = Set(used.filter { index in zone.map(candidates[index].endpoint.forZones.contains) ?? false })
        }
        guard !near.isEmpty else { return verdicts }
        return candidates.indices.map { index in
            guard verdicts[index].isUsed, !near.contains(index) else { return verdicts[index] }
            let endpoint = candidates[index].endpoint
            return endpoint.forNodes.isEmpty && endpoint.forZones.isEmpty ? .unhinted : .hintedElsewhere
        }
    }
}
