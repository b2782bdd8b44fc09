public import Core

/// The two tables of netfilter that the program has, both of the name `ovenbird`.
public enum NetfilterFamily: String, Sendable, Hashable, CaseIterable {
    /// IPv4 and IPv6 packets of the host.
    case inet
    /// Frames of one device, before the host's stack sees them.
    case netdev
}

/// A chain in the table `inet ovenbird` or `netdev ovenbird`, with all its rules.
///
/// Rules are one text, a rule per line, as `nft` reads them: `iifname "br-ex" ip daddr @nodes counter accept`. Name
/// devices by `iifname` and `oifname`. A chain without a hook is for others to jump to. Names must be a word that is
/// no keyword of `nft`.
public struct NetfilterChain: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "NetfilterChain",
        columns: [
            .init("family", .scalar), .init("name", .scalar), .init("type", .scalar), .init("hook", .scalar),
            .init("priority", .scalar), .init("device", .scalar), .init("policy", .scalar), .init("rules", .scalar),
        ], identity: .columns(["family", "name"]))

    /// Where a base chain stands in the kernel's path.
    public struct Hook: Hashable, Sendable {
        /// `filter`, `nat` or `route`.
        public var type: String
        /// `prerouting`, `input`, `forward`, `output`, `postrouting`, or `ingress` with a device.
        public var hook: String
        public var priority: Int
        /// Only for `ingress`. The chain waits for its device.
        public var device: String?
        /// `accept` or `drop`.
        public var policy: String

        public init(
            type: String = "filter", hook: String, priority: Int, device: String? = nil, policy: String = "accept"
        ) {
            self.type = type
            self.hook = hook
            self.priority = priority
            self.device = device
            self.policy = policy
        }
    }

    public var family: NetfilterFamily
    public var name: String
    public var hook: Hook?
    public var rules: String

    public init(_ name: String, family: NetfilterFamily = .inet, hook: Hook? = nil, rules: [String]) {
        self.family = family
        self.name = name
        self.hook = hook
        self.rules = rules.joined(separator: "\n")
    }

    public var key: RowKey { .fixed("\(family.rawValue) \(name)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, family.rawValue)
        columns.scalar(1, name)
        columns.scalar(2, hook?.type)
        columns.scalar(3, hook?.hook)
        columns.scalar(4, hook?.priority)
        columns.scalar(5, hook?.device)
        columns.scalar(6, hook?.policy)
        columns.scalar(7, rules)
    }
}

/// A named set in one of the program's tables of netfilter, for rules that say `ip saddr @NAME`.
public struct NetfilterSet: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "NetfilterSet",
        columns: [
            .init("family", .scalar), .init("name", .scalar), .init("type", .scalar), .init("interval", .scalar),
            .init("elements", .set),
        ], identity: .columns(["family", "name"]))

    public var family: NetfilterFamily
    public var name: String
    /// As `nft` writes it: `ipv4_addr`, `ipv6_addr . inet_proto . inet_service`. With two types it is a map, for rules
    /// that say `map @NAME`: `inet_service : ipv4_addr`.
    public var type: String
    /// Elements may be networks and ranges.
    public var interval: Bool
    /// As `nft` writes them: `10.0.0.1`, `10.0.0.1 . tcp . 80`; those of a map `80 : 10.0.0.1`.
    public var elements: [String]?

    public init(
        _ name: String, family: NetfilterFamily = .inet, type: String, interval: Bool = false,
        elements: [String]? = nil
    ) {
        self.family = family
        self.name = name
        self.type = type
        self.interval = interval
        self.elements = elements
    }

    public var key: RowKey { .fixed("\(family.rawValue) \(name)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, family.rawValue)
        columns.scalar(1, name)
        columns.scalar(2, type)
        columns.scalar(3, interval)
        columns.set(4, elements)
    }
}

extension RowRef<NetfilterSet> {
    public var elements: SetColumn<String> { SetColumn(row, 4) }
    /// The same column for members that are addresses.
    public var addresses: SetColumn<IPAddress> { SetColumn(row, 4) }
    /// The same column for members that are networks.
    public var networks: SetColumn<IPNetwork> { SetColumn(row, 4) }
}
