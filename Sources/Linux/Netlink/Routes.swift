import CLinux
import Glibc
public import Model

/// A route as the kernel describes it.
public struct RouteInfo: Hashable, Sendable {
    public struct NextHop: Hashable, Sendable {
        public var index: Int
        public var gateway: IPAddress?
        public var weight: Int
        /// RTNH_F_ONLINK: the gateway need not be in a network of the device.
        public var isOnLink: Bool

        public init(index: Int, gateway: IPAddress? = nil, weight: Int = 1, isOnLink: Bool = false) {
            self.index = index
            self.gateway = gateway
            self.weight = weight
            self.isOnLink = isOnLink
        }
    }

    public var destination: IPNetwork
    public var table: Int
    public var metric: Int
    public var nextHops: [NextHop]
    public var source: IPAddress?
    /// Who made it: 2 the kernel, 3 boot, 4 static, 9 router advertisement, 16 DHCP.
    public var origin: Int
    public var scope: Int
    /// 1 unicast, 2 local, 3 broadcast …
    public var type: Int
    public var mtu: Int?
    /// It goes by itself after so many seconds.
    public var lifetime: Int?
    /// A copy that the kernel makes for one destination.
    public var isClone: Bool

    public static let unicast = 1

    public init(
        destination: IPNetwork, table: Int = 254, metric: Int, nextHops: [NextHop], source: IPAddress? = nil,
        origin: Int = 4, scope: Int = 0, type: Int = RouteInfo.unicast, mtu: Int? = nil, lifetime: Int? = nil,
        isClone: Bool = false
    ) {
        self.destination = destination
        self.table = table
        self.metric = metric
        self.nextHops = nextHops
        self.source = source
        self.origin = origin
        self.scope = scope
        self.type = type
        self.mtu = mtu
        self.lifetime = lifetime
        self.isClone = isClone
    }

    /// Reads a message of the type RTM_NEWROUTE or RTM_DELROUTE.
    public init?(_ reply: NetlinkReply) {
        let payload = reply.payload
        guard reply.type == RTM_NEWROUTE || reply.type == RTM_DELROUTE, payload.count >= 12,
            let family = Family(system: Int(payload.number(UInt8.self, at: 0)))
        else { return nil }
        let attributes = NetlinkAttributes(payload.dropFirst(12))
        let flags = payload.number(UInt32.self, at: 8)
        let unspecified = IPAddress(family: family, number: 0)
        guard
            let destination = IPNetwork(
                attributes.address(Int(RTA_DST.rawValue)) ?? unspecified,
                length: Int(payload.number(UInt8.self, at: 1)))
        else { return nil }
        let ticks = Int(attributes[Int(RTA_CACHEINFO.rawValue)]?.number(Int32.self, at: 8) ?? 0)
        self.init(
            destination: destination,
            table: attributes.number(Int(RTA_TABLE.rawValue)) ?? Int(payload.number(UInt8.self, at: 4)),
            metric: attributes.number(Int(RTA_PRIORITY.rawValue)) ?? 0,
            nextHops: Self.nextHops(attributes, flags), source: attributes.address(Int(RTA_PREFSRC.rawValue)),
            origin: Int(payload.number(UInt8.self, at: 5)), scope: Int(payload.number(UInt8.self, at: 6)),
            type: Int(payload.number(UInt8.self, at: 7)),
            mtu: attributes.nested(Int(RTA_METRICS.rawValue))?.number(Int(RTAX_MTU)),
            lifetime: ticks > 0 ? max(ticks / 100, 1) : nil,
            isClone: flags & UInt32(RTM_F_CLONED) != 0)
    }

    private static func gateway(_ attributes: NetlinkAttributes) -> IPAddress? {
        if let gateway = attributes.address(Int(RTA_GATEWAY.rawValue)) { return gateway }
        // A gateway of the other family: two bytes of family, then the address.
        return attributes[Int(RTA_VIA.rawValue)].flatMap { IPAddress(bytes: $0.dropFirst(2)) }
    }

    private static func nextHops(_ attributes: NetlinkAttributes, _ flags: UInt32) -> [NextHop] {
        guard var rest = attributes[Int(RTA_MULTIPATH.rawValue)] else {
            guard let index = attributes.number(Int(RTA_OIF.rawValue)) else { return [] }
            return [
                NextHop(index: index, gateway: gateway(attributes), isOnLink: flags & UInt32(RTNH_F_ONLINK) != 0)
            ]
        }
        var hops: [NextHop] = []
        while rest.count >= 8 {
            let length = Int(rest.number(UInt16.self, at: 0))
            guard length >= 8, length <= rest.count else { break }
            let inner = NetlinkAttributes(rest.prefix(length).dropFirst(8))
            hops.append(
                NextHop(
                    index: Int(rest.number(Int32.self, at: 4)), gateway: gateway(inner),
                    weight: Int(rest.number(UInt8.self, at: 3)) + 1,
                    isOnLink: rest.number(UInt8.self, at: 2) & UInt8(RTNH_F_ONLINK) != 0))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return hops
    }
}

extension NetlinkSocket {
    /// The routes of both families in all tables, without the kernel's copies for single destinations.
    public func routes() throws(NetlinkError) -> [RouteInfo] {
        var all: [RouteInfo] = []
        for family in Family.allCases {
            var message = NetlinkMessage("list routes", type: Int(RTM_GETROUTE), flags: .dump)
            message.append(UInt8(family.system))
            for _ in 0..<7 { message.append(UInt8(0)) }
            message.append(UInt32(0))
            all += try dump(message).compactMap { RouteInfo($0) }.filter { !$0.isClone }
        }
        return all
    }

    /// Adds a route, or replaces the one with the same destination, table and metric.
    public func setRoute(_ route: RouteInfo, replace: Bool = true) throws(NetlinkError) {
        var message = NetlinkMessage(
            "add route \(route.summary)", type: Int(RTM_NEWROUTE),
            flags: replace ? [.acknowledge, .create, .replace] : [.acknowledge, .create, .exclusive])
        message.describe(route)
        if let mtu = route.mtu {
            message.nested(Int(RTA_METRICS.rawValue), mark: false) {
                $0.attribute(Int(RTAX_MTU), number: UInt32(mtu))
            }
        }
        if let lifetime = route.lifetime {
            message.attribute(Int(RTA_EXPIRES.rawValue), number: UInt32(clamping: lifetime))
        }
        try request(message)
    }

    /// Removes a route; one that is gone is fine.
    public func deleteRoute(_ route: RouteInfo) throws(NetlinkError) {
        var message = NetlinkMessage(
            "remove route \(route.summary)", type: Int(RTM_DELROUTE), flags: .acknowledge)
        message.describe(route)
        try request(message, tolerating: [ESRCH, ENODEV])
    }
}

extension RouteInfo {
    fileprivate var summary: String {
        let via = nextHops.compactMap { $0.gateway.map { " via \($0)" } }.joined()
        return "\(destination)\(via) table \(table)"
    }
}

extension NetlinkMessage {
    fileprivate mutating func describe(_ route: RouteInfo) {
        append(UInt8(route.destination.family.system))
        append(UInt8(route.destination.length))
        append(UInt8(0))
        append(UInt8(0))
        append(UInt8(truncatingIfNeeded: route.table > 255 ? 0 : route.table))
        append(UInt8(route.origin))
        append(UInt8(route.scope))
        append(UInt8(route.type))
        append(UInt32(route.nextHops.count == 1 && route.nextHops[0].isOnLink ? RTNH_F_ONLINK : 0))
        if route.destination.length > 0 { attribute(Int(RTA_DST.rawValue), route.destination.address) }
        attribute(Int(RTA_TABLE.rawValue), number: UInt32(route.table))
        if route.metric != 0 { attribute(Int(RTA_PRIORITY.rawValue), number: UInt32(route.metric)) }
        if let source = route.source { attribute(Int(RTA_PREFSRC.rawValue), source) }
        if route.nextHops.count == 1 {
            gateway(route.nextHops[0].gateway, of: route.destination.family)
            attribute(Int(RTA_OIF.rawValue), number: UInt32(route.nextHops[0].index))
        } else if !route.nextHops.isEmpty {
            nested(Int(RTA_MULTIPATH.rawValue), mark: false) { list in
                for hop in route.nextHops { list.hop(hop, of: route.destination.family) }
            }
        }
    }

    private mutating func gateway(_ gateway: IPAddress?, of family: Family) {
        guard let gateway else { return }
        if gateway.family == family {
            attribute(Int(RTA_GATEWAY.rawValue), gateway)
        } else {
            nested(Int(RTA_VIA.rawValue), mark: false) {
                $0.append(UInt16(gateway.family.system))
                for byte in gateway.bytes { $0.append(byte) }
            }
        }
    }

    /// `struct rtnexthop` with its attributes.
    private mutating func hop(_ hop: RouteInfo.NextHop, of family: Family) {
        var inner = NetlinkMessage("", type: 0, flags: [])
        inner.gateway(hop.gateway, of: family)
        let attributes = inner.bytes.dropFirst(NetlinkMessage.headerLength)
        append(UInt16(8 + attributes.count))
        append(UInt8(hop.isOnLink ? UInt8(RTNH_F_ONLINK) : 0))
        append(UInt8(hop.weight - 1))
        append(Int32(hop.index))
        for byte in attributes { append(byte) }
    }
}
