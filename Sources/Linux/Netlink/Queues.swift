import CLinux
import Glibc

/// A queueing discipline of a device.
public struct QueueInfo: Hashable, Sendable {
    public let index: Int
    /// `tbf`, `fq_codel` …
    public let kind: String
    /// The number that it was given; `4f:` of the tools is `0x4f`.
    public let handle: Int
    public let isRoot: Bool

    init?(_ reply: NetlinkReply) {
        guard reply.type == RTM_NEWQDISC, reply.payload.count >= 20,
            let kind = NetlinkAttributes(reply.payload.dropFirst(20)).string(Int(TCA_KIND))
        else { return nil }
        index = Int(reply.payload.number(Int32.self, at: 4))
        handle = Int(reply.payload.number(UInt32.self, at: 8) >> 16)
        isRoot = reply.payload.number(UInt32.self, at: 12) == .max
        self.kind = kind
    }
}

extension NetlinkSocket {
    /// The queueing disciplines of all devices, but for the kernel's own.
    public func queues() throws(NetlinkError) -> [QueueInfo] {
        var message = NetlinkMessage("list queueing disciplines", type: Int(RTM_GETQDISC), flags: .dump)
        // `struct tcmsg`
        message.append(UInt32(0))
        message.append(Int32(0))
        for _ in 0..<3 { message.append(UInt32(0)) }
        return try dump(message).compactMap { QueueInfo($0) }
    }
}
