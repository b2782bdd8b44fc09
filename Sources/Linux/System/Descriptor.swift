public import Glibc

/// An open file descriptor, closed when nobody holds it any more.
public final class Descriptor: Sendable {
    public let number: CInt

    /// Takes over an open descriptor.
    public init(owning number: CInt) { self.number = number }

    public init(open path: String, flags: CInt = O_RDONLY, mode: mode_t = 0o644) throws(SystemError) {
        number = try check("open \(path)") { open(path, flags | O_CLOEXEC, mode) }
    }

    /// The two ends of a pipe.
    public static func pipe() throws(SystemError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [CInt] = [-1, -1]
        _ = try check("make a pipe") { Glibc.pipe(&ends) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    deinit { close(number) }

    /// Reads from the start to the end.
    public func contents() throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let offset = off_t(all.count)
            let count = try check("read") { pread(number, &buffer, buffer.count, offset) }
            if count == 0 { return all }
            all.append(contentsOf: buffer[..<count])
        }
    }

    /// Reads what comes next, at most `limit` bytes; empty at the end of the file.
    public func read(_ limit: Int = 65536) throws(SystemError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = try check("read") { Glibc.read(number, &buffer, limit) }
        buffer.removeSubrange(count...)
        return buffer
    }

    /// Writes all bytes.
    public func write(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = Array(rest)
            let count = try check("write") { Glibc.write(number, chunk, chunk.count) }
            rest = rest.dropFirst(count)
        }
    }
}
