import CLinux
import Glibc
import Synchronization

/// The kernel refused a request.
public struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked: `add route 10.0.0.0/8 dev eth0`.
    public let request: String
    public let code: CInt
    /// What the kernel says beyond the code: `Nexthop has invalid gateway`.
    public let detail: String?

    public var description: String {
        let text = SystemError.text(of: code)
        return "\(request): " + (detail.map { "\($0) (\(text))" } ?? text)
    }
}

/// A socket to the kernel's netlink in the namespace of the thread that made it; usable from any thread.
public final class NetlinkSocket: Sendable {
    private let descriptor: Descriptor
    private let sequence = Mutex<UInt32>(0)
    /// The kernel sends lists in parts of 32 kB at most. A larger buffer costs more than what comes in it: it would be
    /// fresh memory from the system each time.
    static let most = 1 << 16

    public init(protocol number: CInt = CInt(NETLINK_ROUTE)) throws(SystemError) {
        descriptor = Descriptor(owning: try check("open a netlink socket") { clinux_netlink_socket(number, 0) })
    }

    /// Sends a request and waits for the kernel's word on it; the tolerated error codes count as success.
    public func request(_ message: NetlinkMessage, tolerating codes: [CInt] = []) throws(NetlinkError) {
        do { _ = try exchange(message, dump: false) } catch {
            if !codes.contains(error.code) { throw error }
        }
    }

    /// Sends a request for one thing.
    public func get(_ message: NetlinkMessage) throws(NetlinkError) -> NetlinkReply? {
        try exchange(message, dump: false)?.first
    }

    /// Sends a request for a list. Lists that change while they are read are read again.
    public func dump(_ message: NetlinkMessage) throws(NetlinkError) -> [NetlinkReply] {
        while true {
            if let replies = try exchange(message, dump: true) { return replies }
        }
    }

    /// Nil when the kernel says that the list changed while it was read.
    private func exchange(_ message: NetlinkMessage, dump: Bool) throws(NetlinkError) -> [NetlinkReply]? {
        let result: Result<[NetlinkReply]?, NetlinkError> = sequence.withLock { sequence in
            sequence &+= 1
            let number = sequence
            return Result { () throws(NetlinkError) in
                let bytes = message.sealed(sequence: number)
                guard clinux_netlink_send(descriptor.number, bytes, UInt(bytes.count)) == 0 else {
                    throw NetlinkError(request: message.purpose, code: errno, detail: nil)
                }
                return try collect(message.purpose, number, dump)
            }
        }
        return try result.get()
    }

    private func collect(
        _ purpose: String, _ number: UInt32, _ dump: Bool
    ) throws(NetlinkError) -> [NetlinkReply]? {
        var replies: [NetlinkReply] = []
        var consistent = true
        while true {
            let bytes: [UInt8]
            do { bytes = try descriptor.read(Self.most) } catch {
                throw NetlinkError(request: purpose, code: error.code, detail: nil)
            }
            for reply in NetlinkReply.split(bytes[...]) where reply.sequence == number {
                if reply.flags & UInt16(NLM_F_DUMP_INTR) != 0 { consistent = false }
                switch reply.type {
                case Int(NLMSG_ERROR), Int(NLMSG_DONE):
                    let code = -reply.payload.number(Int32.self, at: 0)
                    if code > 0 { throw NetlinkError(request: purpose, code: code, detail: reply.detail) }
                    return consistent ? replies : nil
                default: replies.append(reply)
                }
            }
        }
    }
}

extension NetlinkReply {
    /// The text that the kernel adds to an error.
    fileprivate var detail: String? {
        guard flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return nil }
        var skip = 4
        if type == Int(NLMSG_ERROR) {
            let request = payload.dropFirst(4)
            let capped = flags & UInt16(NLM_F_CAPPED) != 0
            skip += capped ? NetlinkMessage.headerLength : (Int(request.number(UInt32.self, at: 0)) + 3) & ~3
        }
        return NetlinkAttributes(payload.dropFirst(skip)).string(Int(NLMSGERR_ATTR_MSG.rawValue))
    }
}

/// News from the kernel: a socket that has joined multicast groups.
public final class NetlinkMonitor: Sendable {
    public enum News: Sendable {
        case messages([NetlinkReply])
        /// Messages were lost: list everything again.
        case overrun
        case none
    }

    /// Readable when there is news.
    public let descriptor: Descriptor

    public init(_ groups: NetlinkGroups) throws(SystemError) {
        descriptor = Descriptor(
            owning: try check("open a netlink socket") {
                clinux_netlink_socket(CInt(NETLINK_ROUTE), groups.rawValue)
            })
        _ = fcntl(descriptor.number, F_SETFL, O_NONBLOCK)
    }

    /// News of the packet filter's tables.
    public init(netfilter: ()) throws(SystemError) {
        let group = UInt32(1) << (NFNLGRP_NFTABLES.rawValue - 1)
        descriptor = Descriptor(
            owning: try check("open a netlink socket") { clinux_netlink_socket(CInt(NETLINK_NETFILTER), group) })
        _ = fcntl(descriptor.number, F_SETFL, O_NONBLOCK)
    }

    /// Takes what has come; never waits.
    public func next() throws(SystemError) -> News {
        do { return .messages(NetlinkReply.split(try descriptor.read(NetlinkSocket.most)[...])) } catch {
            switch error.code {
            case EAGAIN: return .none
            case ENOBUFS: return .overrun
            default: throw error
            }
        }
    }
}
