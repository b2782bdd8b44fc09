import Linux

/// Waits for a file to appear.
public enum FileWait {
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let path: String
        public let time: Duration
        public var description: String { "\(path) did not appear within \(time)" }
    }

    /// Returns when the file is there; its directory must be there.
    public static func until(_ path: String, within time: Duration) async throws {
        let waker = try Waker()
        let end = ContinuousClock.now + time
        try await waker.runThread {
            let news = try Inotify()
            try news.watch(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
            while !Files.exists(path) {
                let rest = ContinuousClock.now.duration(to: end)
                if waker.isCancelled { throw CancellationError() }
                if rest <= .zero { throw Failure(path: path, time: time) }
                _ = waker.wait(for: [news.descriptor], timeout: rest)
                _ = try news.next()
            }
        }
    }
}
