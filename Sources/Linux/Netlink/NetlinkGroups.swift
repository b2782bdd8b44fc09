import CLinux

/// What a monitor may be told about.
public struct NetlinkGroups: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ groups: rtnetlink_groups...) { rawValue = groups.reduce(0) { $0 | 1 << ($1.rawValue - 1) } }

    public static let links = NetlinkGroups(RTNLGRP_LINK)
    public static let addresses = NetlinkGroups(RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR)
    public static let routes = NetlinkGroups(RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE)
    public static let rules = NetlinkGroups(RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE)
    public static let neighbours = NetlinkGroups(RTNLGRP_NEIGH)
}

extension NetlinkReply {
    /// What a message of a monitor is about; nil for other messages.
    public var subject: NetlinkGroups? {
        switch type {
        case Int(RTM_NEWLINK), Int(RTM_DELLINK): .links
        case Int(RTM_NEWADDR), Int(RTM_DELADDR): .addresses
        case Int(RTM_NEWROUTE), Int(RTM_DELROUTE): .routes
        case Int(RTM_NEWRULE), Int(RTM_DELRULE): .rules
        case Int(RTM_NEWNEIGH), Int(RTM_DELNEIGH): .neighbours
        default: nil
        }
    }
}

extension NetlinkReply {
    /// Whether something was removed from the packet filter: a table, a chain, a rule, a set or an element.
    public var isNetfilterRemoval: Bool {
        let removals = [NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELSET, NFT_MSG_DELSETELEM]
        return removals.contains { type == Int(NFNL_SUBSYS_NFTABLES) << 8 | Int($0.rawValue) }
    }
}
