import Glibc
import Linux
import Model

/// The sockets of the probes: made in a pod's namespace, where they stay whichever thread uses them.
struct Socket: ~Copyable {
    let number: CInt

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

    /// A socket that is connecting; UDP has sent a datagram.
    static func probe(_ transport: TransportProtocol, to address: IPAddress, port: Int) throws -> Socket {
        let socket = try make(transport, address.family)
        _ = withAddress(address, port) { connect(socket.number, $0, $1) }
        if transport == .udp { _ = send(socket.number, "?", 1, 0) }
        return socket
    }

    private static func make(_ transport: TransportProtocol, _ family: Family) throws -> Socket {
        let kind = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let number = socket(
            family == .v4 ? AF_INET : AF_INET6,
            CInt(kind.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError(last: "make a socket") }
        return Socket(number)
    }

    /// Whether the other end has answered: a connection is made, or a datagram is here.
    func isAnswered(_ transport: TransportProtocol) -> Bool {
        if transport == .udp {
            var byte: UInt8 = 0
            return recv(number, &byte, 1, 0) >= 0
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
