import CLinux
import Glibc
import Synchronization

/// News of files: names that come, go or change in watched directories.
public final class Inotify: Sendable {
    public struct Event: Hashable, Sendable {
        /// The watched path.
        public let watched: String
        /// The name in it; empty for the watched path itself.
        public let name: String
        /// Events were lost, or the watched path is gone: look at everything again.
        public let isLoss: Bool
    }

    /// Readable when there is news.
    public let descriptor: Descriptor
    private let watches = Mutex<[CInt: String]>([:])

    public init() throws(SystemError) {
        descriptor = Descriptor(
            owning: try check("start inotify") { inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK)) })
    }

    /// Watches a directory for files that are written, moved, made or removed; or a single file.
    public func watch(_ path: String) throws(SystemError) {
        let mask = UInt32(
            IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF)
        let watch = try check("watch \(path)") { inotify_add_watch(descriptor.number, path, mask) }
        watches.withLock { $0[watch] = path }
    }

    /// Takes what has come; never waits.
    public func next() throws(SystemError) -> [Event] {
        let bytes: [UInt8]
        do { bytes = try descriptor.read() } catch {
            if error.code == EAGAIN { return [] }
            throw error
        }
        var events: [Event] = []
        var rest = bytes[...]
        while rest.count >= 16 {
            let watch = rest.number(CInt.self, at: 0)
            let mask = rest.number(UInt32.self, at: 4)
            let length = Int(rest.number(UInt32.self, at: 12))
            let name = String(decoding: rest.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self)
            let lost = mask & UInt32(IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF) != 0
            let path = watches.withLock { watches in
                mask & UInt32(IN_IGNORED) != 0 ? watches.removeValue(forKey: watch) : watches[watch]
            }
            events.append(Event(watched: path ?? "", name: name, isLoss: lost))
            rest = rest.dropFirst(16 + length)
        }
        return events
    }
}
