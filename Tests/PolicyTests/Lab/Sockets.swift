import Glibc
import Linux
import Model
import Synchronization

/// The sockets of the probes: made in a pod's namespace, where they stay whichever thread uses them.
struct Socket: ~Copyable {
    let number: CInt
    /// The ports of an association that is begun here.
    private var ends: (own: Int, peer: Int)?

    private init(_ number: CInt) { self.number = number }
    deinit { close(number) }

    /// A listener on all addresses of both families.
    static func listener(_ transport: TransportProtocol, port: Int) throws -> Socket {
        let socket = try make(transport, .v6)
        var no: CInt = 0
        var yes: CInt = 1
        setsockopt(socket.number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout<CInt>.size))
        setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        let any = IPAddress(family: .v6, number: 0)
        let bound = withAddress(any, port) { bind(socket.number, $0, $1) }
        guard bound == 0 else { throw SystemError(last: "bind \(transport) port \(port)") }
        if transport == .tcp { guard listen(socket.number, 1024) == 0 else { throw SystemError(last: "listen") } }
        return socket
    }

    /// Hears of all associations in a family.
    static func associations(_ family: Family) throws -> Socket { try make(.sctp, family) }

    /// A socket that is connecting; UDP has sent a datagram, SCTP its first packet.
    static func probe(_ transport: TransportProtocol, to address: IPAddress, port: Int) throws -> Socket {
        if transport == .sctp { return try association(to: address, port: port) }
        let socket = try make(transport, address.family)
        _ = withAddress(address, port) { connect(socket.number, $0, $1) }
        if transport == .udp { _ = send(socket.number, "?", 1, 0) }
        return socket
    }

    private static func association(to address: IPAddress, port: Int) throws -> Socket {
        var socket = try make(.sctp, address.family)
        let own = AssociationPacket.nextPort
        socket.ends = (own, port)
        _ = withAddress(address, 0) { connect(socket.number, $0, $1) }
        let bytes = AssociationPacket(kind: .begin, source: own, destination: port).bytes
        _ = send(socket.number, bytes, bytes.count, 0)
        return socket
    }

    private static func make(_ transport: TransportProtocol, _ family: Family) throws -> Socket {
        let (kind, word) =
            switch transport {
            case .tcp: (SOCK_STREAM, 0)
            case .udp: (SOCK_DGRAM, 0)
            case .sctp: (SOCK_RAW, IPPROTO_SCTP)
            }
        let number = socket(
            family == .v4 ? AF_INET : AF_INET6,
            CInt(kind.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue), CInt(word))
        guard number >= 0 else { throw SystemError(last: "make a socket") }
        return Socket(number)
    }

    /// Another datagram on the same connection.
    func askAgain() { _ = send(number, "?", 1, 0) }

    /// Whether the other end has answered: a connection is made, or a datagram is here.
    func isAnswered(_ transport: TransportProtocol) -> Bool {
        if transport == .udp {
            var byte: UInt8 = 0
            return recv(number, &byte, 1, 0) >= 0
        }
        if transport == .sctp {
            while let packet = receive()?.packet {
                if packet.kind == .answer, packet.source == ends?.peer, packet.destination == ends?.own { return true }
            }
            return false
        }
        var error: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size)
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isConnected = withUnsafeMutablePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(number, $0, &length) == 0 }
        }
        return error == 0 && isConnected
    }

    /// Answers whoever has come.
    func serve(_ transport: TransportProtocol) {
        if transport == .tcp {
            while case let one = accept(number, nil, nil), one >= 0 { close(one) }
            return
        }
        var peer = sockaddr_storage()
        var byte: UInt8 = 0
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let isDone = withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    guard recvfrom(number, &byte, 1, 0, address, &length) >= 0 else { return true }
                    sendto(number, &byte, 1, 0, address, length)
                    return false
                }
            }
            if isDone { return }
        }
    }
}

extension Socket {
    /// Answers every association that begins at these ports.
    func serveAssociations(_ ports: [Int]) {
        while let (packet, peer) = receive() {
            guard let packet, packet.kind == .begin, ports.contains(packet.destination) else { continue }
            let bytes = AssociationPacket(kind: .answer, source: packet.destination, destination: packet.source).bytes
            withUnsafePointer(to: peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    let isV4 = $0.pointee.sa_family == sa_family_t(AF_INET)
                    let size = isV4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
                    _ = sendto(number, bytes, bytes.count, 0, $0, socklen_t(size))
                }
            }
        }
    }

    /// The next packet and who sent it; nil when there is none.
    private func receive() -> (packet: AssociationPacket?, peer: sockaddr_storage)? {
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = withUnsafeMutablePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(number, &bytes, 256, 0, $0, &length) }
        }
        guard count >= 0 else { return nil }
        return (AssociationPacket(bytes.prefix(count), withHeader: peer.ss_family == sa_family_t(AF_INET)), peer)
    }
}

/// The first two packets of an SCTP association, made by hand: not every machine's kernel knows the protocol. Without
/// the checksum, which nobody on the way looks at.
struct AssociationPacket {
    enum Kind: UInt8 { case begin = 1, answer = 2 }
    let kind: Kind
    let source: Int
    let destination: Int

    /// A port of one's own for each association, so that no answer is taken for another's.
    static var nextPort: Int { 20_000 + Int(begun.wrappingAdd(1, ordering: .relaxed).newValue % 40_000) }
    private static let begun = Atomic<UInt32>(0)

    init(kind: Kind, source: Int, destination: Int) {
        (self.kind, self.source, self.destination) = (kind, source, destination)
    }

    /// As a raw socket has it: IPv4's own header comes first.
    init?(_ bytes: ArraySlice<UInt8>, withHeader: Bool) {
        let body = Array(withHeader ? bytes.dropFirst(Int((bytes.first ?? 0) & 15) * 4) : bytes)
        guard body.count > 12, let kind = Kind(rawValue: body[12]) else { return nil }
        self.init(kind: kind, source: Int(body[0]) << 8 | Int(body[1]), destination: Int(body[2]) << 8 | Int(body[3]))
    }

    /// Ports, no verification tag; then one chunk with a tag, a window, one stream each way and a first number.
    var bytes: [UInt8] {
        let ports = [source, destination].flatMap { [UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
        let chunk: [UInt8] = [kind.rawValue, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]
        return ports + [UInt8](repeating: 0, count: 8) + chunk
    }
}

private func withAddress<T>(_ address: IPAddress, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
    let number = in_port_t(port).bigEndian
    if address.family == .v4 {
        var value = sockaddr_in()
        value.sin_family = sa_family_t(AF_INET)
        value.sin_port = number
        value.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.number).bigEndian
        return withUnsafePointer(to: &value) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
    var value = sockaddr_in6()
    value.sin6_family = sa_family_t(AF_INET6)
    value.sin6_port = number
    withUnsafeMutableBytes(of: &value.sin6_addr) { $0.copyBytes(from: address.bytes) }
    return withUnsafePointer(to: &value) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
    }
}
