import Glibc

/// A connected unix stream socket with a deadline for everything that is done with it.
struct Connection: ~Copyable {
    private let descriptor: Int32
    private let socket: String
    private let deadline: Int

    init(to path: String, seconds: Int) throws(LocalHTTP.Failure) {
        socket = path
        deadline = Self.now() + seconds * 1000
        descriptor = try Self.connected(to: path)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(descriptor)
    }

    private static func connected(to path: String) throws(LocalHTTP.Failure) -> Int32 {
        guard var address = sockaddr_un(path: path) else {
            throw .unreachable(socket: path, reason: "the path is longer than 107 bytes")
        }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .unreachable(socket: path, reason: reason()) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else {
            let words = reason()
            close(descriptor)
            throw .unreachable(socket: path, reason: words)
        }
        return descriptor
    }

    private static func reason() -> String { String(cString: strerror(errno)) }

    /// Milliseconds of a clock that nobody sets.
    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private func wait(for events: Int32) throws(LocalHTTP.Failure) {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let rest = deadline - Self.now()
            guard rest > 0 else { throw .unanswered(socket: socket, reason: "time is up") }
            let count = poll(&entry, 1, Int32(clamping: rest))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw .unanswered(socket: socket, reason: Self.reason()) }
        }
    }

    func send(_ bytes: [UInt8]) throws(LocalHTTP.Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EINTR {
                try wait(for: POLLOUT)
            } else {
                throw .unanswered(socket: socket, reason: Self.reason())
            }
        }
    }

    /// Reads until the answer is whole, or the connection ends.
    func answer() throws(LocalHTTP.Failure) -> LocalHTTP.Answer {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                bytes += chunk[..<count]
                if let answer = LocalHTTP.Answer(response: bytes) { return answer }
            } else if count == 0 {
                throw .unanswered(
                    socket: socket, reason: bytes.isEmpty ? "the connection was closed" : "not HTTP, or cut off")
            } else if errno == EAGAIN || errno == EINTR {
                try wait(for: POLLIN)
            } else {
                throw .unanswered(socket: socket, reason: Self.reason())
            }
        }
    }
}

extension sockaddr_un {
    /// The address of a socket in the file system; nil when the path is too long.
    fileprivate init?(path: String) {
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &sun_path) { field in
            guard bytes.count < field.count else { return false }
            field.copyBytes(from: bytes)
            return true
        }
        guard fits else { return nil }
    }
}
