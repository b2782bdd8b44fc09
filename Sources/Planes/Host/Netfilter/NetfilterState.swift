import Model

/// The name of a chain or set, with the family of its table.
struct NetfilterName: Hashable, Comparable {
    let family: NetfilterFamily
    let name: String

    static func < (a: NetfilterName, b: NetfilterName) -> Bool {
        (a.family.rawValue, a.name) < (b.family.rawValue, b.name)
    }
}

/// A device whose frames the host's stack shall not see.
struct IngressDevice: Hashable {
    let name: String
    let index: Int
    /// Made just now: a chain of that name belongs to an earlier device.
    let isNew: Bool

    var chain: NetfilterName { NetfilterName(family: .netdev, name: "in-\(name)") }

    /// Before everything else at the hook, so that no frame slips through.
    static func hook(_ device: String) -> NetfilterChain.Hook {
        .init(hook: "ingress", priority: -500, device: device, policy: "drop")
    }
}

/// The contents of a table: what is there, or what shall be there.
struct NetfilterState: Equatable {
    struct Chain: Equatable {
        var hook: NetfilterChain.Hook?
        /// One rule per line.
        var rules: [String]
    }

    struct Set: Equatable {
        var type: String
        var interval: Bool
        var elements: Swift.Set<String>

        /// What `nft` calls it: a map has two types.
        var word: String { type.contains(" : ") ? "map" : "set" }
    }

    var chains: [String: Chain] = [:]
    var sets: [String: Set] = [:]

    var isEmpty: Bool { chains.isEmpty && sets.isEmpty }
}
