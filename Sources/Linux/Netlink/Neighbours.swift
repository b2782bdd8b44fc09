import CLinux
import Glibc
public import Model

/// A neighbour entry (ARP, ND) as the kernel describes it.
public struct NeighbourInfo: Hashable, Sendable {
    public var index: Int
    public var address: IPAddress
    public var mac: MACAddress?
    /// NUD_…: 0x80 is permanent.
    public var state: Int
    /// Whether the kernel asks the neighbour again and again, so that it is known before anybody needs it (NTF_EXT_MANAGED).
    public var isManaged: Bool
    /// Who set it, 0 when unknown.
    public var origin: Int

    public static let permanent = 0x80
    fileprivate static let managed: UInt32 = 1

    /// A permanent entry, or without MAC one that the kernel manages.
    public init(index: Int, address: IPAddress, mac: MACAddress?, origin: Int = 0) {
        self.index = index
        self.address = address
        self.mac = mac
        state = mac == nil ? 0 : Self.permanent
        isManaged = mac == nil
        self.origin = origin
    }

    /// Reads a message of the type RTM_NEWNEIGH or RTM_DELNEIGH.
    public init?(_ reply: NetlinkReply) {
        let payload = reply.payload
        guard reply.type == RTM_NEWNEIGH || reply.type == RTM_DELNEIGH, payload.count >= 12 else { return nil }
        let attributes = NetlinkAttributes(payload.dropFirst(12))
        guard Family(system: Int(payload.number(UInt8.self, at: 0))) != nil,
            let address = attributes.address(Int(NDA_DST))
        else { return nil }
        index = Int(payload.number(Int32.self, at: 4))
        self.address = address
        mac = attributes[Int(NDA_LLADDR)].flatMap { MACAddress(bytes: $0) }
        state = Int(payload.number(UInt16.self, at: 8))
        isManaged = (attributes.number(Int(NDA_FLAGS_EXT)) ?? 0) & Int(Self.managed) != 0
        origin = attributes.number(Int(NDA_PROTOCOL)) ?? 0
    }
}

extension NetlinkSocket {
    public func neighbours() throws(NetlinkError) -> [NeighbourInfo] {
        var all: [NeighbourInfo] = []
        for family in Family.allCases {
            var message = NetlinkMessage("list neighbours", type: Int(RTM_GETNEIGH), flags: .dump)
            message.append(UInt8(family.system))
            for _ in 0..<11 { message.append(UInt8(0)) }
            all += try dump(message).compactMap { NeighbourInfo($0) }
        }
        return all
    }

    /// Adds or changes an entry.
    public func setNeighbour(_ neighbour: NeighbourInfo, on device: String) throws(NetlinkError) {
        var message = NetlinkMessage(
            "add neighbour \(neighbour.address) on \(device)", type: Int(RTM_NEWNEIGH),
            flags: [.acknowledge, .create, .replace])
        message.describe(neighbour)
        if let mac = neighbour.mac { message.attribute(Int(NDA_LLADDR), mac.bytes) }
        if neighbour.isManaged { message.attribute(Int(NDA_FLAGS_EXT), number: NeighbourInfo.managed) }
        if neighbour.origin != 0 { message.attribute(Int(NDA_PROTOCOL), number: UInt8(neighbour.origin)) }
        try request(message)
    }

    /// Removes an entry; one that is gone is fine.
    public func deleteNeighbour(_ neighbour: NeighbourInfo, on device: String) throws(NetlinkError) {
        var message = NetlinkMessage(
            "remove neighbour \(neighbour.address) on \(device)", type: Int(RTM_DELNEIGH), flags: .acknowledge)
        message.describe(neighbour)
        try request(message, tolerating: [ENOENT, ENODEV])
    }
}

extension NetlinkMessage {
    fileprivate mutating func describe(_ neighbour: NeighbourInfo) {
        append(UInt8(neighbour.address.family.system))
        append(UInt8(0))
        append(UInt16(0))
        append(Int32(neighbour.index))
        append(UInt16(neighbour.state))
        append(UInt8(0))
        append(UInt8(0))
        attribute(Int(NDA_DST), neighbour.address)
    }
}
