import CLinux
import Glibc
public import Model

/// A network device as the kernel describes it.
public struct LinkInfo: Hashable, Sendable {
    public var index: Int
    public var name: String
    public var mac: MACAddress?
    public var mtu: Int
    public var isUp: Bool
    /// `veth`, `openvswitch`, `tun`; nil for a physical device and the loopback.
    public var kind: String?
    /// The index of the device that it is enslaved to.
    public var master: Int?
    /// The index of the other end, in its own namespace, for a veth.
    public var peer: Int?
    /// A note that the user or a program put on it.
    public var alias: String?
    /// How link-local IPv6 addresses are made: 0 from the MAC address, 1 not at all; nil without IPv6.
    public var addressGenerationMode: Int?

    /// Reads a message of the type RTM_NEWLINK or RTM_DELLINK. Those of one family only, as bridges send them of their
    /// ports, describe no device.
    public init?(_ reply: NetlinkReply) {
        guard reply.type == RTM_NEWLINK || reply.type == RTM_DELLINK, reply.payload.count >= 16,
            reply.payload.number(UInt8.self, at: 0) == UInt8(AF_UNSPEC)
        else { return nil }
        let attributes = NetlinkAttributes(reply.payload.dropFirst(16))
        guard let name = attributes.string(Int(IFLA_IFNAME)) else { return nil }
        index = Int(reply.payload.number(Int32.self, at: 4))
        self.name = name
        isUp = reply.payload.number(UInt32.self, at: 8) & 1 != 0
        mac = attributes[Int(IFLA_ADDRESS)].flatMap { MACAddress(bytes: $0) }
        mtu = attributes.number(Int(IFLA_MTU)) ?? 0
        kind = attributes.nested(Int(IFLA_LINKINFO))?.string(Int(IFLA_INFO_KIND))
        master = attributes.number(Int(IFLA_MASTER))
        peer = attributes.number(Int(IFLA_LINK))
        alias = attributes.string(Int(IFLA_IFALIAS))
        addressGenerationMode = attributes.nested(Int(IFLA_AF_SPEC))?.nested(Int(AF_INET6))?
            .number(Int(IFLA_INET6_ADDR_GEN_MODE))
    }
}

/// One end of a veth pair to be made.
public struct VethEnd: Sendable {
    public var name: String
    public var mac: MACAddress?
    public var mtu: Int
    /// A note for those who list devices.
    public var alias: String?
    /// Where it shall be; nil for the namespace of the socket.
    public var namespace: NetworkNamespace?

    public init(
        _ name: String, mac: MACAddress? = nil, mtu: Int, alias: String? = nil, namespace: NetworkNamespace? = nil
    ) {
        self.name = name
        self.mac = mac
        self.mtu = mtu
        self.alias = alias
        self.namespace = namespace
    }

    fileprivate func describe(in message: inout NetlinkMessage) {
        message.attribute(Int(IFLA_IFNAME), string: name)
        message.attribute(Int(IFLA_MTU), number: UInt32(mtu))
        if let mac { message.attribute(Int(IFLA_ADDRESS), mac.bytes) }
        if let namespace { message.attribute(Int(IFLA_NET_NS_FD), number: namespace.number) }
    }
}

/// What shall change on a device; nil leaves as it is.
public struct LinkSettings: Hashable, Sendable {
    public var up: Bool?
    public var mtu: Int?
    public var mac: MACAddress?
    public var alias: String?
    public var addressGenerationMode: Int?

    public init(
        up: Bool? = nil, mtu: Int? = nil, mac: MACAddress? = nil, alias: String? = nil,
        addressGenerationMode: Int? = nil
    ) {
        self.up = up
        self.mtu = mtu
        self.mac = mac
        self.alias = alias
        self.addressGenerationMode = addressGenerationMode
    }
}

extension NetlinkMessage {
    /// `struct ifinfomsg`.
    fileprivate mutating func linkHeader(index: Int = 0, up: Bool? = nil) {
        append(UInt16(0))
        append(UInt16(0))
        append(Int32(index))
        append(UInt32(up == true ? 1 : 0))
        append(UInt32(up == nil ? 0 : 1))
    }
}

extension NetlinkSocket {
    public func links() throws(NetlinkError) -> [LinkInfo] {
        var message = NetlinkMessage("list links", type: Int(RTM_GETLINK), flags: .dump)
        message.linkHeader()
        message.attribute(Int(IFLA_EXT_MASK), number: UInt32(8))  // no statistics
        return try dump(message).compactMap { LinkInfo($0) }
    }

    /// Nil when there is no device of that name.
    public func link(named name: String) throws(NetlinkError) -> LinkInfo? {
        var message = NetlinkMessage("look up link \(name)", type: Int(RTM_GETLINK), flags: .acknowledge)
        message.linkHeader()
        message.attribute(Int(IFLA_IFNAME), string: name)
        message.attribute(Int(IFLA_EXT_MASK), number: UInt32(8))
        do { return try get(message).flatMap { LinkInfo($0) } } catch {
            if error.code == ENODEV { return nil }
            throw error
        }
    }

    /// Makes a veth pair; each end appears in its namespace at once, complete.
    public func makeVeth(_ end: VethEnd, peer: VethEnd) throws(NetlinkError) {
        var message = NetlinkMessage(
            "make veth \(end.name) with peer \(peer.name)", type: Int(RTM_NEWLINK),
            flags: [.acknowledge, .create, .exclusive])
        message.linkHeader()
        end.describe(in: &message)
        message.nested(Int(IFLA_LINKINFO)) { info in
            info.attribute(Int(IFLA_INFO_KIND), string: "veth")
            info.nested(Int(IFLA_INFO_DATA)) { data in
                data.nested(Int(VETH_INFO_PEER)) {
                    $0.linkHeader()
                    peer.describe(in: &$0)
                }
            }
        }
        try request(message)
        // The kernel takes no alias while it makes a device.
        if let alias = end.alias, let made = try link(named: end.name) {
            try setLink(made.index, end.name, LinkSettings(alias: alias))
        }
    }

    /// Makes a device of a kind that needs no settings, such as `bridge`.
    public func makeLink(_ name: String, kind: String) throws(NetlinkError) {
        var message = NetlinkMessage(
            "make \(kind) \(name)", type: Int(RTM_NEWLINK), flags: [.acknowledge, .create, .exclusive])
        message.linkHeader()
        message.attribute(Int(IFLA_IFNAME), string: name)
        message.nested(Int(IFLA_LINKINFO)) { $0.attribute(Int(IFLA_INFO_KIND), string: kind) }
        try request(message)
    }

    public func setLink(_ index: Int, _ name: String, _ settings: LinkSettings) throws(NetlinkError) {
        var message = NetlinkMessage("change link \(name)", type: Int(RTM_NEWLINK), flags: .acknowledge)
        message.linkHeader(index: index, up: settings.up)
        if let mtu = settings.mtu { message.attribute(Int(IFLA_MTU), number: UInt32(mtu)) }
        if let mac = settings.mac { message.attribute(Int(IFLA_ADDRESS), mac.bytes) }
        if let alias = settings.alias { message.attribute(Int(IFLA_IFALIAS), Array(alias.utf8)) }
        if let mode = settings.addressGenerationMode {
            message.nested(Int(IFLA_AF_SPEC)) {
                $0.nested(Int(AF_INET6)) { $0.attribute(Int(IFLA_INET6_ADDR_GEN_MODE), number: UInt8(mode)) }
            }
        }
        try request(message)
    }

    /// Removes a device; one that is gone is fine. Of a veth pair both ends go.
    public func deleteLink(_ index: Int, _ name: String) throws(NetlinkError) {
        var message = NetlinkMessage("remove link \(name)", type: Int(RTM_DELLINK), flags: .acknowledge)
        message.linkHeader(index: index)
        try request(message, tolerating: [ENODEV])
    }
}
