import CLinux
import Glibc
public import Model

/// A routing policy rule as the kernel describes it.
public struct RuleInfo: Hashable, Sendable {
    public var family: Family
    public var priority: Int
    public var mark: Int?
    /// Which bits of the mark count; all of them unless said.
    public var mask: Int
    public var source: IPNetwork?
    public var destination: IPNetwork?
    public var input: String?
    public var table: Int
    /// Who made it: 2 the kernel, 3 boot, 4 static.
    public var origin: Int
    /// 1 look up a table; others are refusals and jumps.
    public var action: Int

    public init(
        family: Family, priority: Int, mark: Int? = nil, mask: Int = 0xffff_ffff, source: IPNetwork? = nil,
        destination: IPNetwork? = nil, input: String? = nil, table: Int, origin: Int = 4
    ) {
        self.family = family
        self.priority = priority
        self.mark = mark
        self.mask = mask
        self.source = source
        self.destination = destination
        self.input = input
        self.table = table
        self.origin = origin
        action = 1
    }

    /// Reads a message of the type RTM_NEWRULE or RTM_DELRULE.
    public init?(_ reply: NetlinkReply) {
        let payload = reply.payload
        guard reply.type == RTM_NEWRULE || reply.type == RTM_DELRULE, payload.count >= 12,
            let family = Family(system: Int(payload.number(UInt8.self, at: 0)))
        else { return nil }
        let attributes = NetlinkAttributes(payload.dropFirst(12))
        func network(_ type: Int, _ offset: Int) -> IPNetwork? {
            attributes.address(type).flatMap { IPNetwork($0, length: Int(payload.number(UInt8.self, at: offset))) }
        }
        self.family = family
        priority = attributes.number(Int(FRA_PRIORITY)) ?? 0
        mark = attributes.number(Int(FRA_FWMARK))
        mask = attributes.number(Int(FRA_FWMASK)) ?? 0xffff_ffff
        source = network(Int(FRA_SRC), 2)
        destination = network(Int(FRA_DST), 1)
        input = attributes.string(Int(FRA_IIFNAME))
        table = attributes.number(Int(FRA_TABLE)) ?? Int(payload.number(UInt8.self, at: 4))
        origin = attributes.number(Int(FRA_PROTOCOL)) ?? 0
        action = Int(payload.number(UInt8.self, at: 7))
    }
}

extension NetlinkSocket {
    public func rules() throws(NetlinkError) -> [RuleInfo] {
        var all: [RuleInfo] = []
        for family in Family.allCases {
            var message = NetlinkMessage("list rules", type: Int(RTM_GETRULE), flags: .dump)
            message.append(UInt8(family.system))
            for _ in 0..<11 { message.append(UInt8(0)) }
            all += try dump(message).compactMap { RuleInfo($0) }
        }
        return all
    }

    /// Adds a rule; one that is there already is fine.
    public func addRule(_ rule: RuleInfo) throws(NetlinkError) {
        var message = NetlinkMessage(
            "add rule \(rule.priority) to table \(rule.table)", type: Int(RTM_NEWRULE),
            flags: [.acknowledge, .create, .exclusive])
        message.describe(rule)
        try request(message, tolerating: [EEXIST])
    }

    /// Removes a rule; one that is gone is fine.
    public func deleteRule(_ rule: RuleInfo) throws(NetlinkError) {
        var message = NetlinkMessage(
            "remove rule \(rule.priority) to table \(rule.table)", type: Int(RTM_DELRULE), flags: .acknowledge)
        message.describe(rule)
        try request(message, tolerating: [ENOENT])
    }
}

extension NetlinkMessage {
    fileprivate mutating func describe(_ rule: RuleInfo) {
        append(UInt8(rule.family.system))
        append(UInt8(rule.destination?.length ?? 0))
        append(UInt8(rule.source?.length ?? 0))
        append(UInt8(0))
        append(UInt8(truncatingIfNeeded: rule.table > 255 ? 0 : rule.table))
        append(UInt16(0))
        append(UInt8(rule.action))
        append(UInt32(0))
        attribute(Int(FRA_PRIORITY), number: UInt32(rule.priority))
        attribute(Int(FRA_TABLE), number: UInt32(rule.table))
        if let mark = rule.mark {
            attribute(Int(FRA_FWMARK), number: UInt32(truncatingIfNeeded: mark))
            attribute(Int(FRA_FWMASK), number: UInt32(truncatingIfNeeded: rule.mask))
        }
        if let source = rule.source { attribute(Int(FRA_SRC), source.address) }
        if let destination = rule.destination { attribute(Int(FRA_DST), destination.address) }
        if let input = rule.input { attribute(Int(FRA_IIFNAME), string: input) }
        attribute(Int(FRA_PROTOCOL), number: UInt8(rule.origin))
    }
}
