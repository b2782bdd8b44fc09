import Core
import Model
import Vocabulary

/// A part of all traffic in one direction: some subjects, some peers, some ports. What an admin rule decides, as boxes.
///
/// An engine without tiers has no `pass` either, so a Pass is taken out of the rules below it: box by box, with
/// selectors, networks and port ranges, so that matches stay positive and members stay members of sets.
struct AdminBox: Hashable, Sendable {
    var subject: AdminRules.Pods
    var peer: AdminPeer
    var ports: AdminPorts

    var isEmpty: Bool { subject.isContradictory || peer.isEmpty || ports.isEmpty }

    /// At most the sum of the parts of its three differences.
    func subtracting(_ other: AdminBox) -> [AdminBox] {
        let subjects = subject.intersection(other.subject)
        let peers = peer.intersection(other.peer)
        let shared = ports.intersection(other.ports)
        if AdminBox(subject: subjects, peer: peers, ports: shared).isEmpty { return [self] }
        var parts = subject.subtracting(other.subject).map { AdminBox(subject: $0, peer: peer, ports: ports) }
        parts += peer.subtracting(other.peer).map { AdminBox(subject: subjects, peer: $0, ports: ports) }
        parts.append(AdminBox(subject: subjects, peer: peers, ports: ports.subtracting(other.ports)))
        return parts.filter { !$0.isEmpty }
    }
}

/// What a Pass takes out of a rule below it.
struct AdminPass: Hashable, Sendable {
    /// `NAME spec.ingress[0]`.
    let rule: String
    let box: AdminBox
    /// The ports are the receiving pods' own, which nothing is cut by: the box is all that may be meant. What lies in it
    /// is not allowed by a rule below, and is denied as if there were no Pass.
    let isNamed: Bool
}

extension AdminRules.Pods {
    var isContradictory: Bool { namespaces.isContradictory || pods.isContradictory }

    /// Whether a pod may be of both, for all that the selectors say.
    func overlaps(_ other: Self) -> Bool { !intersection(other).isContradictory }

    func intersection(_ other: Self) -> Self {
        Self(namespaces: namespaces.intersection(other.namespaces), pods: pods.intersection(other.pods))
    }

    /// One part for each requirement of the other that does not hold, while those before it do: no two overlap.
    func subtracting(_ other: Self) -> [Self] {
        var parts: [Self] = []
        var rest = self
        for requirement in other.namespaces.requirements {
            var part = rest
            part.namespaces = rest.namespaces.intersection(LabelSelector([requirement.inverse]))
            parts.append(part)
            rest.namespaces = rest.namespaces.intersection(LabelSelector([requirement]))
        }
        for requirement in other.pods.requirements {
            var part = rest
            part.pods = rest.pods.intersection(LabelSelector([requirement.inverse]))
            parts.append(part)
            rest.pods = rest.pods.intersection(LabelSelector([requirement]))
        }
        return parts.filter { !$0.isContradictory }
    }

    var canonical: String { "\(namespaces.canonical)/\(pods.canonical)" }
}

extension LabelSelector {
    fileprivate var canonical: String {
        requirements.map { "\($0.key) \($0.operator.rawValue) \($0.values.joined(separator: ","))" }
            .joined(separator: ";")
    }
}

/// The other end: pods, or addresses, or pods with these addresses.
struct AdminPeer: Hashable, Sendable {
    /// Nil: not limited to pods.
    var pods: AdminRules.Pods?
    /// Nil: not limited to networks.
    var networks: [IPNetwork]?

    var isEmpty: Bool { pods?.isContradictory == true || networks?.isEmpty == true }

    func intersection(_ other: AdminPeer) -> AdminPeer {
        let pods =
            switch (self.pods, other.pods) {
            case (let a?, let b?): a.intersection(b)
            case (let a, let b): a ?? b
            }
        let networks =
            switch (self.networks, other.networks) {
            case (let a?, let b?): a.flatMap { one in b.filter(one.overlaps).map { $0.length > one.length ? $0 : one } }
            case (let a, let b): a ?? b
            }
        return AdminPeer(pods: pods, networks: networks)
    }

    /// What is left without the other, which is limited in one way only: either pods, or networks.
    func subtracting(_ other: AdminPeer) -> [AdminPeer] {
        if let hole = other.networks {
            let own = networks ?? Family.allCases.map(IPNetwork.everything)
            return [AdminPeer(pods: pods, networks: own.flatMap { $0.subtracting(hole) })]
        }
        guard let hole = other.pods else { return [] }
        guard let pods else { return [self] }
        return pods.subtracting(hole).map { AdminPeer(pods: $0, networks: networks) }
    }
}

/// Ports of the three transports, and whether all other protocols.
struct AdminPorts: Hashable, Sendable {
    var ranges: [TransportProtocol: PortRanges]
    var others: Bool

    static let all = AdminPorts(
        ranges: Dictionary(uniqueKeysWithValues: TransportProtocol.allCases.map { ($0, .all) }), others: true)

    var isEmpty: Bool { !others && ranges.values.allSatisfy(\.isEmpty) }

    func intersection(_ other: AdminPorts) -> AdminPorts {
        AdminPorts(
            ranges: combine(other) { $0.intersection($1) }, others: others && other.others)
    }

    func subtracting(_ other: AdminPorts) -> AdminPorts {
        AdminPorts(ranges: combine(other) { $0.subtracting($1) }, others: others && !other.others)
    }

    private func combine(
        _ other: AdminPorts, _ both: (PortRanges, PortRanges) -> PortRanges
    ) -> [TransportProtocol: PortRanges] {
        var result: [TransportProtocol: PortRanges] = [:]
        for (transport, own) in ranges {
            let part = both(own, other.ranges[transport] ?? PortRanges([]))
            if !part.isEmpty { result[transport] = part }
        }
        return result
    }

    /// A match per protocol; nil for all protocols.
    var matches: [(name: String, match: Match?)] {
        if self == .all { return [("any", nil)] }
        var list: [(name: String, match: Match?)] = []
        for (transport, ports) in ranges.sorted(by: { $0.key < $1.key }) {
            guard let match = Match.transport(transport, to: ports) else { continue }
            list.append((transport.rawValue.lowercased(), match))
        }
        if others { list.append(("others", .otherProtocols)) }
        return list
    }
}
