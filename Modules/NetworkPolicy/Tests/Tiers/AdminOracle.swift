import Core
import Model
import Vocabulary

/// What the text of the API says of a packet: administrators, then namespaces, then the baseline. Written without
/// the program's own compiler, and without a thought of priorities.
struct AdminOracle {
    var admin: [AdminNetworkPolicy] = []
    var baseline: BaselineAdminNetworkPolicy?
    var policies: [NetworkPolicy] = []
    var pods: [PodPort]
    /// Labels, by namespace.
    var namespaces: [String: [String: String]]

    var objects: [any Kind] { admin + (baseline.map { [$0] } ?? []) + policies }

    func allows(_ packet: TestPacket) -> Bool {
        guard let pod = pods.first(where: { $0.logicalPort == packet.port }) else { return true }
        for policy in admin.sorted(by: { ($0.priority, $0.name) < ($1.priority, $1.name) }) {
            switch decision(of: policy.rules, pod, packet) {
            case .allow: return true
            case .deny: return false
            case .pass: return byNamespace(pod, packet)
            case nil: continue
            }
        }
        return byNamespace(pod, packet)
    }

    private func byNamespace(_ pod: PodPort, _ packet: TestPacket) -> Bool {
        let own = policies.filter {
            $0.namespace == pod.namespace && $0.subject.matches(pod.labels)
                && (packet.traffic == .ingress ? $0.isolatesIngress : $0.isolatesEgress)
        }
        if own.isEmpty { return baseline.flatMap { decision(of: $0.rules, pod, packet) } != .deny }
        return own.contains { policy in
            (packet.traffic == .ingress ? policy.ingress : policy.egress).contains { rule in
                let isMeant = rule.peers.map { $0.contains { isPeer($0, packet, policy.namespace) } } ?? true
                return isMeant && fits(rule.ports, packet)
            }
        }
    }

    private func decision(of rules: AdminRules, _ pod: PodPort, _ packet: TestPacket) -> AdminRules.Action? {
        guard holds(rules.subject, pod) else { return nil }
        return (packet.traffic == .ingress ? rules.ingress : rules.egress).first { rule in
            fits(rule.ports, packet)
                && rule.peers.contains { peer in
                    switch peer {
                    case .pods(let pods): self.pod(at: packet.peer).map { holds(pods, $0) } ?? false
                    case .networks(let networks): networks.contains { $0.contains(packet.peer) }
                    case .nodes: false
                    }
                }
        }?.action
    }

    private func isPeer(_ peer: NetworkPolicy.Peer, _ packet: TestPacket, _ namespace: String) -> Bool {
        switch peer {
        case .block(let network, let except):
            return network.contains(packet.peer) && !except.contains { $0.contains(packet.peer) }
        case .pods(let namespaces, let pods):
            guard let other = pod(at: packet.peer), (pods ?? .everything).matches(other.labels) else { return false }
            return namespaces?.matches(self.namespaces[other.namespace] ?? [:]) ?? (other.namespace == namespace)
        }
    }

    private func pod(at address: IPAddress) -> PodPort? {
        pods.first { $0.addresses.contains { $0.address == address } }
    }

    private func holds(_ selection: AdminRules.Pods, _ pod: PodPort) -> Bool {
        selection.pods.matches(pod.labels) && selection.namespaces.matches(namespaces[pod.namespace] ?? [:])
    }

    private func fits(_ ports: [NetworkPolicy.Port]?, _ packet: TestPacket) -> Bool {
        guard let ports else { return true }
        return ports.contains { port in
            guard port.transport == packet.transport else { return false }
            return switch port.number {
            case .all: true
            case .range(let range): range.contains(packet.number)
            case .named: false
            }
        }
    }
}
