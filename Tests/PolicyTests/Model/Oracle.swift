import Glibc
import Model

/// A pod of the test's world.
struct TestPod: Hashable, Sendable {
    let namespace: String
    let name: String
    var labels: [String: String]
    let node: String
    /// Port names by transport and number: `["TCP/80": "serve-80-tcp"]`.
    let ports: [String: String]
    /// As text, by family.
    var addresses: [Family: String] = [:]

    var key: String { "\(namespace)/\(name)" }
}

/// Who may reach whom, written from the text of the Kubernetes API and from nothing of this program: a pod is isolated
/// in a direction when a policy of that direction selects it; then only what a rule of one of those policies allows
/// passes. A connection needs the word of both ends.
struct Oracle: Sendable {
    /// Labels by namespace.
    var namespaces: [String: [String: String]]
    var pods: [TestPod]
    var policies: [PolicyDocument]

    func allows(_ from: TestPod, _ to: TestPod, _ transport: TransportProtocol, _ port: Int, _ family: Family) -> Bool {
        if from.key == to.key { return true }
        return isAllowed(of: from, peer: to, receiver: to, transport, port, family, egress: true)
            && isAllowed(of: to, peer: from, receiver: to, transport, port, family, egress: false)
    }

    private func isAllowed(
        of subject: TestPod, peer: TestPod, receiver: TestPod, _ transport: TransportProtocol, _ port: Int,
        _ family: Family, egress: Bool
    ) -> Bool {
        let own = policies.filter { policy in
            policy.namespace == subject.namespace && matches(policy.subject, subject.labels)
                && types(of: policy).contains(egress ? "Egress" : "Ingress")
        }
        if own.isEmpty { return true }
        for policy in own {
            for rule in (egress ? policy.egress : policy.ingress) ?? [] {
                let isPeer =
                    rule.peers.isEmpty || rule.peers.contains { matches($0, peer, in: policy.namespace, family) }
                let isPort = rule.ports.isEmpty || rule.ports.contains { matches($0, receiver, transport, port) }
                if isPeer && isPort { return true }
            }
        }
        return false
    }

    /// "If this field is not specified, it will default based on the existence of ingress or egress rules; policies
    /// that contain an egress section are assumed to affect egress, and all policies to affect ingress."
    private func types(of policy: PolicyDocument) -> [String] {
        if let types = policy.types, !types.isEmpty { return types }
        return (policy.egress ?? []).isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
    }

    private func matches(_ selector: PolicyDocument.Selector, _ labels: [String: String]) -> Bool {
        for (key, value) in selector.labels where labels[key] != value { return false }
        for one in selector.expressions {
            let value = labels[one.key]
            let holds =
                switch one.word {
                case "In": value != nil && one.values.contains(value ?? "")
                case "NotIn": value == nil || !one.values.contains(value ?? "")
                case "Exists": value != nil
                default: value == nil
                }
            if !holds { return false }
        }
        return true
    }

    private func matches(_ peer: PolicyDocument.Peer, _ pod: TestPod, in namespace: String, _ family: Family) -> Bool {
        switch peer {
        case .pods(let namespaces, let pods):
            if let namespaces {
                guard matches(namespaces, self.namespaces[pod.namespace] ?? [:]) else { return false }
            } else if pod.namespace != namespace {
                return false
            }
            return pods.map { matches($0, pod.labels) } ?? true
        case .block(let network, let except):
            guard let address = pod.addresses[family] else { return false }
            return Self.isIn(address, network) && !except.contains { Self.isIn(address, $0) }
        }
    }

    private func matches(
        _ rule: PolicyDocument.Port, _ receiver: TestPod, _ transport: TransportProtocol, _ port: Int
    ) -> Bool {
        guard (rule.transport ?? .tcp) == transport else { return false }
        if let name = rule.name { return receiver.ports["\(transport.rawValue)/\(port)"] == name }
        guard let number = rule.number else { return true }
        return (number...(rule.end ?? number)).contains(port)
    }

    /// By the C library's reading of addresses.
    static func isIn(_ address: String, _ network: String) -> Bool {
        let parts = network.split(separator: "/")
        guard parts.count == 2, let length = Int(parts[1]), let a = bits(address), let b = bits(String(parts[0])),
            a.count == b.count
        else { return false }
        return a.prefix(length) == b.prefix(length)
    }

    private static func bits(_ text: String) -> [Bool]? {
        let isV6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isV6 ? 16 : 4)
        guard inet_pton(isV6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        return bytes.flatMap { byte in (0..<8).map { byte & (0x80 >> $0) != 0 } }
    }
}
