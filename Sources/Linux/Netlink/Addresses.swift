import CLinux
import Glibc
public import Model

/// An address of a device as the kernel describes it.
public struct AddressInfo: Hashable, Sendable {
    public var index: Int
    /// The device's own address, with its prefix length.
    public var address: IPNetwork
    /// 0 global, 253 link, 254 host.
    public var scope: Int
    /// IFA_F_…: 0x02 no duplicate detection, 0x20 deprecated, 0x40 tentative, 0x80 permanent.
    public var flags: Int
    /// In seconds; `UInt32.max` is for ever.
    public var preferredLifetime: UInt32
    public var validLifetime: UInt32
    /// Who set it, 0 when unknown.
    public var origin: Int
    public var label: String?
    /// The metric of the route that the kernel makes for the network of the address.
    public var routeMetric: Int?
    /// For IPv4; the last one of the network unless an address of the kernel's says otherwise.
    public var broadcast: IPAddress?
    /// The other end, where the link has just one.
    public var peer: IPAddress?

    public static let noDetection = 0x02
    public static let deprecated = 0x20
    public static let tentative = 0x40
    public static let permanent = 0x80
    public static let noPrefixRoute = 0x200

    public init(
        index: Int, address: IPNetwork, scope: Int = 0, flags: Int = AddressInfo.noDetection,
        preferredLifetime: UInt32 = .max, validLifetime: UInt32 = .max, origin: Int = 0, label: String? = nil,
        routeMetric: Int? = nil
    ) {
        self.index = index
        self.address = address
        self.scope = scope
        self.flags = flags
        self.preferredLifetime = preferredLifetime
        self.validLifetime = validLifetime
        self.origin = origin
        self.label = label
        self.routeMetric = routeMetric
        broadcast = address.family == .v4 && address.length < 31 ? address.last : nil
    }

    /// Reads a message of the type RTM_NEWADDR or RTM_DELADDR.
    public init?(_ reply: NetlinkReply) {
        guard reply.type == RTM_NEWADDR || reply.type == RTM_DELADDR, reply.payload.count >= 8 else { return nil }
        let attributes = NetlinkAttributes(reply.payload.dropFirst(8))
        guard let own = attributes.address(Int(IFA_LOCAL)) ?? attributes.address(Int(IFA_ADDRESS)),
            let address = IPNetwork(own, length: Int(reply.payload.number(UInt8.self, at: 1)))
        else { return nil }
        let lifetimes = attributes[Int(IFA_CACHEINFO)]
        self.init(
            index: Int(reply.payload.number(UInt32.self, at: 4)), address: address,
            scope: Int(reply.payload.number(UInt8.self, at: 3)),
            flags: attributes.number(Int(IFA_FLAGS)) ?? Int(reply.payload.number(UInt8.self, at: 2)),
            preferredLifetime: lifetimes?.number(at: 0) ?? .max, validLifetime: lifetimes?.number(at: 4) ?? .max,
            origin: attributes.number(addressProtocolAttribute) ?? 0, label: attributes.string(Int(IFA_LABEL)),
            routeMetric: attributes.number(Int(IFA_RT_PRIORITY)))
        broadcast = attributes.address(Int(IFA_BROADCAST))
        let other = attributes.address(Int(IFA_ADDRESS))
        peer = other == own ? nil : other
    }
}

/// `IFA_PROTO`, which older headers lack.
private let addressProtocolAttribute = 11

extension NetlinkSocket {
    public func addresses() throws(NetlinkError) -> [AddressInfo] {
        var message = NetlinkMessage("list addresses", type: Int(RTM_GETADDR), flags: .dump)
        message.append(UInt64(0))
        return try dump(message).compactMap { AddressInfo($0) }
    }

    /// Adds an address or changes the flags and lifetimes of one that is there.
    public func setAddress(_ address: AddressInfo, on device: String) throws(NetlinkError) {
        var message = NetlinkMessage(
            "add address \(address.address) to \(device)", type: Int(RTM_NEWADDR),
            flags: [.acknowledge, .create, .replace])
        message.describe(address)
        let kept = AddressInfo.noDetection | AddressInfo.noPrefixRoute
        message.attribute(Int(IFA_FLAGS), number: UInt32(address.flags & kept))
        if address.preferredLifetime != .max || address.validLifetime != .max {
            message.nested(Int(IFA_CACHEINFO), mark: false) {
                $0.append(address.preferredLifetime)
                $0.append(address.validLifetime)
                $0.append(UInt64(0))
            }
        }
        if address.origin != 0 { message.attribute(addressProtocolAttribute, number: UInt8(address.origin)) }
        if let metric = address.routeMetric { message.attribute(Int(IFA_RT_PRIORITY), number: UInt32(metric)) }
        try request(message)
    }

    /// Removes an address; one that is gone is fine, and so is a device that is.
    public func deleteAddress(_ address: AddressInfo, on device: String) throws(NetlinkError) {
        var message = NetlinkMessage(
            "remove address \(address.address) from \(device)", type: Int(RTM_DELADDR), flags: .acknowledge)
        message.describe(address)
        try request(message, tolerating: [EADDRNOTAVAIL, ENODEV])
    }
}

extension NetlinkMessage {
    fileprivate mutating func describe(_ address: AddressInfo) {
        append(UInt8(address.address.family.system))
        append(UInt8(address.address.length))
        append(UInt8(truncatingIfNeeded: address.flags))
        append(UInt8(address.scope))
        append(UInt32(address.index))
        attribute(Int(IFA_LOCAL), address.address.address)
        attribute(Int(IFA_ADDRESS), address.peer ?? address.address.address)
        if let broadcast = address.broadcast { attribute(Int(IFA_BROADCAST), broadcast) }
        if let label = address.label { attribute(Int(IFA_LABEL), string: label) }
    }
}

extension Family {
    /// AF_INET or AF_INET6.
    var system: CInt { self == .v4 ? AF_INET : AF_INET6 }

    init?(system: Int) {
        switch CInt(system) {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }
}
