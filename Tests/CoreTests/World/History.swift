import Core

/// Random numbers that are the same each time.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// Changes of a small world in which everything collides: few names, labels and addresses.
struct History {
    var random: Seeded
    private var live: Set<ObjectID> = []

    init(seed: UInt64) { random = Seeded(seed) }

    /// 1 to 6 changes of different objects.
    mutating func changes() -> [ObjectChange] {
        var seen: Set<ObjectID> = []
        return (0..<1 + random.below(6)).compactMap { _ in
            let object = object()
            guard seen.insert(object.id).inserted else { return nil }
            if live.contains(object.id) && random.chance(30) {
                live.remove(object.id)
                return .remove(object.id)
            }
            live.insert(object.id)
            return .put(object)
        }
    }

    private mutating func object() -> any Kind {
        let namespace = "n\(random.below(4))"
        switch random.below(100) {
        case 0..<12: return Namespace(name: namespace, labels: labels("tier", "team"))
        case 12..<62:
            let addresses = (0..<random.below(3)).map { _ in "10.0.0.\(random.below(12))" }
            return Pod(
                namespace: namespace, name: "p\(random.below(6))", labels: labels("app", "role"),
                node: random.chance(60) ? "n1" : "n2", addresses: addresses)
        case 62..<85:
            let peers = random.chance(70) ? selector("app", "role") : nil
            return Policy(
                namespace: namespace, name: "q\(random.below(3))", subject: selector("app", "role"), peerScope: scope(),
                peers: peers, isBroken: random.chance(15))
        default:
            return Marker(
                name: "m\(random.below(3))", namespaces: selector("tier", "team"), pods: selector("app", "role"),
                mark: random.below(4), banner: random.chance(50) ? "b\(random.below(3))" : nil,
                entry: random.chance(50) ? "e\(random.below(3))" : nil, extra: extras())
        }
    }

    /// Members that collide with those that groups show.
    private mutating func extras() -> [String] {
        (0..<random.below(3)).map { _ in random.chance(70) ? "n\(random.below(4))_p\(random.below(6))" : "x" }
    }

    private mutating func labels(_ keys: String...) -> [String: String] {
        var labels: [String: String] = [:]
        for key in keys where random.chance(70) { labels[key] = "v\(random.below(3))" }
        return labels
    }

    private mutating func scope() -> Scope {
        switch random.below(3) {
        case 0: .everywhere
        case 1: .namespace("n\(random.below(4))")
        default: .namespaces(selector("tier", "team"))
        }
    }

    private mutating func selector(_ keys: String...) -> LabelSelector {
        var requirements: [LabelSelector.Requirement] = []
        for _ in 0..<[0, 1, 1, 1, 2][random.below(5)] {
            let key = keys[random.below(keys.count)]
            let values = (0...random.below(2)).map { _ in "v\(random.below(3))" }
            switch random.below(6) {
            case 0: requirements.append(.init(key, .notIn, values))
            case 1: requirements.append(.init(key, .exists))
            case 2: requirements.append(.init(key, .doesNotExist))
            case 3: requirements.append(.init(key, .in, values))
            default: requirements.append(.init(key, .in, [values[0]]))
            }
        }
        return LabelSelector(requirements)
    }
}
