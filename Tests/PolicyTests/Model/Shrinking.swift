extension [PolicyDocument] {
    /// Smaller sets of policies, the boldest cut first: without a policy, a direction, a rule, a peer, a port.
    var smaller: [[PolicyDocument]] {
        var result: [[PolicyDocument]] = []
        func changed(_ index: Int, _ change: (inout PolicyDocument) -> Void) {
            var copy = self
            change(&copy[index])
            result.append(copy)
        }
        for index in indices {
            var copy = self
            copy.remove(at: index)
            result.append(copy)
        }
        for (index, policy) in enumerated() {
            for path in [\PolicyDocument.ingress, \.egress] {
                guard let rules = policy[keyPath: path] else { continue }
                if rules.isEmpty { continue }
                for rule in rules.indices {
                    changed(index) { $0[keyPath: path]?.remove(at: rule) }
                    if rules[rule].peers.count > 1 {
                        for peer in rules[rule].peers.indices {
                            changed(index) { $0[keyPath: path]?[rule].peers.remove(at: peer) }
                        }
                    }
                    if !rules[rule].peers.isEmpty { changed(index) { $0[keyPath: path]?[rule].peers = [] } }
                    for port in rules[rule].ports.indices {
                        changed(index) { $0[keyPath: path]?[rule].ports.remove(at: port) }
                    }
                }
            }
            if policy.subject != .init() { changed(index) { $0.subject = .init() } }
        }
        return result
    }
}
