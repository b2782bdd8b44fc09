import Model

/// SplitMix64: the same cases for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Makes sets of policies of every feature, from a seed.
struct Generator {
    private var random: Seeded
    let families: [Family]
    /// Addresses of pods, to cut blocks around.
    let pods: [TestPod]

    init(seed: UInt64, families: [Family], pods: [TestPod]) {
        random = Seeded(seed)
        self.families = families
        self.pods = pods
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    private mutating func one<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &random)] }
    private mutating func some<T>(_ range: ClosedRange<Int>, _ make: (inout Generator) -> T) -> [T] {
        (0..<Int.random(in: range, using: &random)).map { _ in make(&self) }
    }

    mutating func policies() -> [PolicyDocument] {
        let count = one([1, 1, 2, 2, 3, 4])
        return (0..<count).map { policy("p\($0)") }
    }

    private mutating func policy(_ name: String) -> PolicyDocument {
        var policy = PolicyDocument(namespace: one(["x", "y", "z"]), name: name, subject: podSelector())
        policy.types = one([nil, ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Ingress", "Egress"], []])
        if chance(75) { policy.ingress = some(0...3) { $0.rule() } }
        if chance(60) { policy.egress = some(0...3) { $0.rule() } }
        return policy
    }

    private mutating func rule() -> PolicyDocument.Rule {
        PolicyDocument.Rule(
            peers: chance(25) ? [] : some(1...3) { $0.peer() }, ports: chance(40) ? [] : some(1...3) { $0.port() })
    }

    private mutating func podSelector() -> PolicyDocument.Selector { selector("pod", ["a", "b", "c"], other: "tier") }
    private mutating func namespaceSelector() -> PolicyDocument.Selector {
        selector("ns", ["x", "y", "z"], other: "team")
    }

    private mutating func selector(_ key: String, _ values: [String], other: String) -> PolicyDocument.Selector {
        switch Int.random(in: 0..<7, using: &random) {
        case 0, 1: return .init()
        case 2, 3: return .init(labels: [key: one(values)])
        case 4: return .init(expressions: [.init(key: key, word: "In", values: [one(values), one(values)])])
        case 5: return .init(expressions: [.init(key: key, word: "NotIn", values: [one(values)])])
        default: return .init(expressions: [.init(key: other, word: one(["Exists", "DoesNotExist"]), values: [])])
        }
    }

    private mutating func peer() -> PolicyDocument.Peer {
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: return .pods(namespaces: nil, pods: podSelector())
        case 2: return .pods(namespaces: namespaceSelector(), pods: nil)
        case 3, 4: return .pods(namespaces: namespaceSelector(), pods: podSelector())
        default: return block()
        }
    }

    /// A block around a pod, with holes of which one may be the pod itself.
    private mutating func block() -> PolicyDocument.Peer {
        let family = one(families)
        let address = one(pods).addresses[family] ?? "10.244.1.1"
        let full = family.bits
        let length = one(family == .v4 ? [0, 8, 16, 24, 28, 32] : [0, 48, 64, 120, 128])
        guard let center = IPAddress(address), let network = IPNetwork(center, length: length) else {
            return .block("10.0.0.0/8", except: [])
        }
        var except: [String] = []
        if length < full, chance(50) {
            except.append("\(address)/\(full)")
            if let other = one(pods).addresses[family], let hole = IPAddress(other), network.contains(hole),
                let smaller = IPNetwork(hole, length: min(full, length + one([1, 4, 8])))
            {
                except.append(smaller.network.description)
            }
        }
        return .block(network.network.description, except: except)
    }

    private mutating func port() -> PolicyDocument.Port {
        let transport = one([nil, TransportProtocol.tcp, .udp, .udp, .sctp])
        let word = (transport ?? .tcp).rawValue.lowercased()
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .init(transport: transport)
        case 1, 2: return .init(transport: transport, number: one([80, 81]))
        case 3: return .init(transport: transport, number: one([79, 80, 81]), end: one([81, 90, 65535]))
        default: return .init(transport: transport, name: "serve-\(one([80, 81]))-\(word)")
        }
    }
}
