import Core
import Model

/// Makes sets of administrators' and namespaces' policies, from a seed.
struct AdminGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    private mutating func one<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &self)] }
    private mutating func some<T>(_ range: ClosedRange<Int>, _ make: (inout Self) -> T) -> [T] {
        (0..<Int.random(in: range, using: &self)).map { _ in make(&self) }
    }

    /// Policies of all three kinds; priorities from one end of what the API allows to the other, and some twice.
    mutating func fill(_ oracle: inout AdminOracle) {
        oracle.admin = (0..<Int.random(in: 1...4, using: &self)).map { number in
            AdminNetworkPolicy(
                name: "p\(number)", priority: one([0, 5, 5, 99, 299, 300, 1000]),
                rules: rules(AdminRules.Action.allCases))
        }
        oracle.baseline = chance(60) ? BaselineAdminNetworkPolicy(rules: rules([.allow, .deny])) : nil
        oracle.policies = (0..<Int.random(in: 0...2, using: &self)).map { number in
            let (isIngress, isEgress) = (chance(70), chance(50))
            return NetworkPolicy(
                namespace: one(["x", "y"]), name: "n\(number)", subject: selector("pod", ["a", "b", "c"]),
                isolatesIngress: isIngress, isolatesEgress: isEgress,
                ingress: isIngress ? some(0...2) { $0.rule() } : [],
                egress: isEgress ? some(0...2) { $0.rule() } : [])
        }
    }

    private mutating func rules(_ actions: [AdminRules.Action]) -> AdminRules {
        AdminRules(
            subject: pods(), ingress: some(0...3) { $0.adminRule(actions, .ingress) },
            egress: some(0...3) { $0.adminRule(actions, .egress) })
    }

    private enum Way { case ingress, egress }

    private mutating func adminRule(_ actions: [AdminRules.Action], _ way: Way) -> AdminRules.Rule {
        AdminRules.Rule(
            one(actions),
            some(1...2) { random in
                if way == .egress, random.chance(40) { return .networks(random.some(1...2) { $0.network() }) }
                return .pods(random.pods())
            }, ports: chance(50) ? nil : some(1...2) { $0.port() })
    }

    private mutating func rule() -> NetworkPolicy.Rule {
        NetworkPolicy.Rule(
            peers: chance(25)
                ? nil
                : some(1...2) { random in
                    if random.chance(30) { return .block(random.network(), except: []) }
                    return .pods(
                        namespaces: random.chance(40) ? nil : random.selector("ns", ["x", "y"]),
                        pods: random.selector("pod", ["a", "b", "c", "d"]))
                }, ports: chance(50) ? nil : some(1...2) { $0.port() })
    }

    private mutating func pods() -> AdminRules.Pods {
        AdminRules.Pods(
            namespaces: selector("ns", ["x", "y"]),
            pods: chance(50) ? .everything : selector("pod", ["a", "b", "c", "e"]))
    }

    private mutating func selector(_ key: String, _ values: [String]) -> LabelSelector {
        switch Int.random(in: 0..<5, using: &self) {
        case 0: .everything
        case 1: LabelSelector([.init(key, .notIn, [one(values)])])
        case 2: LabelSelector([.init(key, .in, Set([one(values), one(values)]).sorted())])
        default: LabelSelector(labels: [key: one(values)])
        }
    }

    private mutating func network() -> IPNetwork {
        net(
            one([
                "0.0.0.0/0", "10.0.0.0/8", "10.244.2.0/24", "10.244.2.4/30", "10.244.3.9/32", "192.0.2.0/24", "::/0",
                "fd00:10:244::/48", "fd00:10:244:2::4/126", "2001:db8::/32",
            ]))
    }

    private mutating func port() -> NetworkPolicy.Port {
        let transport = one([TransportProtocol.tcp, .tcp, .udp, .sctp])
        return switch Int.random(in: 0..<3, using: &self) {
        case 0: NetworkPolicy.Port(transport)
        case 1: NetworkPolicy.Port(transport, 80)
        default: NetworkPolicy.Port(transport, .range(one([79...80, 81...90, 80...65535])))
        }
    }
}
