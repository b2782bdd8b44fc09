public import Core
public import Model

/// A match expression of OVN, built from parts that the engine understands.
///
/// OVN's databases accept any text as a match; one that does not parse is only logged, and its rule is silently absent.
/// So there is no way to make one from text: names come from rows, numbers and addresses are values, and every
/// combination of them is a valid expression. An expression that can match nothing is not made: its builder gives nil.
public struct Match: Hashable, Sendable, CustomStringConvertible {
    private indirect enum Node: Hashable, Sendable {
        case leaf(String)
        case all([Node])
        case any([Node])
    }

    private let node: Node
    private init(_ node: Node) { self.node = node }
    private init(leaf: String) { node = .leaf(leaf) }

    /// Both hold.
    public static func && (a: Match, b: Match) -> Match { Match(.all(a.parts(of: true) + b.parts(of: true))) }
    /// At least one holds.
    public static func || (a: Match, b: Match) -> Match { Match(.any(a.parts(of: false) + b.parts(of: false))) }

    private func parts(of conjunction: Bool) -> [Node] {
        switch (node, conjunction) {
        case (.all(let list), true), (.any(let list), false): list
        default: [node]
        }
    }

    /// At least one holds; nil when there is none.
    public static func any(_ matches: [Match]) -> Match? {
        matches.reduce(nil) { all, next in all.map { $0 || next } ?? next }
    }

    public var description: String { Self.text(node, isInner: false) }

    private static func text(_ node: Node, isInner: Bool) -> String {
        switch node {
        case .leaf(let text): return text
        case .all(let parts): return joined(parts, " && ", isInner)
        case .any(let parts): return joined(parts, " || ", isInner)
        }
    }

    private static func joined(_ parts: [Node], _ sign: String, _ isInner: Bool) -> String {
        let text = parts.map { Self.text($0, isInner: true) }.joined(separator: sign)
        return isInner ? "(\(text))" : text
    }
}

extension Match {
    /// The direction from the logical switch's view.
    public enum PortField: String, Sendable {
        /// What leaves the pod.
        case inport
        /// What goes to the pod.
        case outport
    }

    /// Packets from or to a member of the port group.
    public static func port(_ field: PortField, in group: RowRef<PortGroup>) -> Match {
        Match(leaf: "\(field.rawValue) == @\(group.row.key)")
    }

    /// Packets from or to one logical port.
    public static func port(_ field: PortField, _ port: RowRef<LogicalSwitchPort>) -> Match {
        Match(leaf: "\(field.rawValue) == \(JSON.string(port.row.key).text())")
    }

    /// What neighbours need to find each other.
    public static let neighbourDiscovery = Match(leaf: "arp") || Match(leaf: "nd")
    public static let icmp = Match(leaf: "icmp4") || Match(leaf: "icmp6")
    public static let igmp = Match(leaf: "igmp")
    /// Joins and leaves of IPv6 groups.
    public static let mld = Match(leaf: "mldv1") || Match(leaf: "mldv2")
    public static let multicastV4 = Match(leaf: "ip4.mcast")
    /// Groups that applications make for themselves (`ff1e::1`); the well-known ones are the network's own.
    public static let dynamicMulticastV6 = Match(leaf: "ip6.dst[120..127] == 0xff") && Match(leaf: "ip6.dst[116] == 1")

    /// All packets of these families.
    public static func ip(_ families: [Family]) -> Match? {
        any(families.sorted().map { Match(leaf: $0 == .v4 ? "ip4" : "ip6") })
    }
}

extension Match {
    public enum AddressField: String, Sendable {
        case source = "src"
        case destination = "dst"
    }

    /// Packets whose source or destination is one of these; nil when there are none.
    public static func address(_ field: AddressField, in addresses: Addresses) -> Match? {
        any(
            Family.allCases.compactMap { family in
                let list = addresses.texts(family)
                guard let first = list.first else { return nil }
                let name = "\(family == .v4 ? "ip4" : "ip6").\(field.rawValue)"
                let value = list.count == 1 ? first : "{\(list.joined(separator: ", "))}"
                return Match(leaf: "\(name) == \(value)")
            })
    }

    /// A match for each family of which there are addresses. Rules with ports have one family each: the engine adds up
    /// ports and addresses of one family, and multiplies them when a match is about both.
    public static func addresses(
        _ field: AddressField, in addresses: Addresses, _ families: [Family]
    ) -> [(family: Family, match: Match)] {
        families.compactMap { family in address(field, in: addresses.only([family])).map { (family, $0) } }
    }

    /// IP packets that are neither TCP, UDP nor SCTP: one by one, for the engine tests a protocol for equality only, and
    /// no mask of it reaches the switch.
    public static let otherProtocols = Match(
        leaf: "ip.proto == {\(otherProtocolNumbers.map(String.init).joined(separator: ", "))}")
    /// What a match of them costs the switch.
    public static let otherProtocolCount = otherProtocolNumbers.count
    private static let otherProtocolNumbers = (0...255).filter { ![6, 17, 132].contains($0) }

    /// Packets of a protocol to these ports, or to any port when `ports` holds them all; nil when there are none.
    public static func transport(_ transport: TransportProtocol, to ports: PortRanges = .all) -> Match? {
        let name = transport.rawValue.lowercased()
        if ports == .all { return Match(leaf: name) }
        let single = ports.ranges.filter { $0.count == 1 }.map { String($0.lowerBound) }
        var parts: [Match] = []
        if let first = single.first {
            parts.append(
                Match(leaf: "\(name).dst == \(single.count == 1 ? first : "{\(single.joined(separator: ", "))}")"))
        }
        for range in ports.ranges where range.count > 1 {
            parts.append(Match(leaf: "\(range.lowerBound) <= \(name).dst <= \(range.upperBound)"))
        }
        return any(parts).map { Match(leaf: name) && $0 }
    }
}
