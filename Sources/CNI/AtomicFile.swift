public import Glibc

/// A small file that is there whole or not at all, also after a crash.
public enum AtomicFile {
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let path: String
        public let reason: String
        public var description: String { "\(path): \(reason)" }

        init(_ path: String) {
            self.path = path
            reason = String(cString: strerror(errno))
        }
    }

    /// Writes the file under another name first; its directory is made when it is missing.
    public static func write(_ bytes: some Sequence<UInt8>, to path: String, mode: mode_t = 0o600) throws(Failure) {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let directory = String(path[..<end])
        if !directory.isEmpty { try makeDirectory(directory) }
        let draft = "\(directory)/.\(path[end...].dropFirst()).\(getpid())"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(draft) }
        defer { close(descriptor) }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(draft) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0, rename(draft, path) == 0 else { throw Failure(path) }
    }

    private static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let end = path.lastIndex(of: "/"), end > path.startIndex else { throw Failure(path) }
        try makeDirectory(String(path[..<end]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure(path) }
    }
}
