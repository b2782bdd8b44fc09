public import Core
import Linux
public import Model
import Synchronization

/// Brings the objects of manifest directories, with the status directories laid over them.
///
/// Files may be YAML or JSON, with any number of objects, in any depth below the directories. A file that cannot be
/// read is a problem and keeps what it held before; files of the status directories (`WRITER/Kind.namespace.name.json`)
/// add annotations and conditions to the objects of the manifests.
public final class ManifestFeed: Feed {
    public let name: String
    let directories: [String]
    let overlays: [String]
    let reader: ManifestReader
    let settling: Duration
    let memory: ManifestMemory?
    let counters = Mutex(Counters())

    /// What the feed has done, for metrics and tests.
    public struct Counters: Sendable, Equatable {
        public var parsedFiles = 0
        /// Well-known kinds that nobody handles, with the number of their objects.
        public var ignoredKinds: [String: Int] = [:]
    }

    /// - Parameters:
    ///   - settling: how long a file must be quiet before what vanished from it is removed. Editors delete, rename and
    ///     truncate files on the way to a new version.
    ///   - memory: a directory where the last good text of each file outlives the daemon.
    public init(
        name: String = "manifests", directories: [String], overlays: [String] = [],
        decoders: [KindDecoder] = KindDecoder.base, settling: Duration = .milliseconds(50), memory: String? = nil
    ) {
        self.name = name
        self.directories = directories
        self.overlays = overlays
        reader = ManifestReader(decoders: decoders)
        self.settling = settling
        self.memory = memory.map(ManifestMemory.init)
    }

    public var statistics: Counters { counters.withLock { $0 } }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        let waker = try Waker()
        try await waker.runThread { [self] in
            var watcher = try ManifestWatcher(self, emit)
            try watcher.run(waker)
        }
    }
}
