import Core
import Linux
import Model

/// Follows the directories of a manifest feed: reads what changes and tells the objects that follow. One thread's own.
struct ManifestWatcher {
    private let feed: ManifestFeed
    private let emit: @Sendable (FeedEvent) -> Void
    private let inotify: Inotify
    private var index = ManifestIndex()
    /// The last bytes of each file by their hash: the same text is not read twice.
    private var seen: [String: ContentHash] = [:]
    /// Files that would lose objects: with which contents (nil: the file is gone), and when they will have been quiet
    /// for long enough.
    private var unsettled: [String: (deadline: ContinuousClock.Instant, contents: ManifestContents?)] = [:]
    private var rootProblems: [String: FeedFailure] = [:]
    private var watchProblems: [String: FeedFailure] = [:]
    private var lastProblems: [FeedFailure] = []
    private var hasListed = false

    init(_ feed: ManifestFeed, _ emit: @escaping @Sendable (FeedEvent) -> Void) throws {
        self.feed = feed
        self.emit = emit
        inotify = try Inotify()
    }

    mutating func run(_ waker: Waker) throws {
        scanAll()
        publish()
        while !waker.isCancelled {
            let now = ContinuousClock.now
            let wait = unsettled.values.map(\.deadline).min().map { Swift.max($0 - now, .zero) }
            _ = waker.wait(for: [inotify.descriptor], timeout: wait)
            if waker.isCancelled { return }
            try takeEvents()
            settle()
            publish()
        }
    }

    // MARK: What changed

    private mutating func takeEvents() throws {
        while true {
            let events = try inotify.next()
            if events.isEmpty { return }
            if events.contains(where: \.isLoss) || rootProblems.keys.contains(where: { FileKind($0) == .directory }) {
                scanAll()
                continue
            }
            for root in rootProblems.keys { watchAbove(Self.plain(root)) }
            var places: Set<String> = []
            for event in events {
                // A mounted ConfigMap changes by a link whose name is hidden: then the whole directory is new.
                let isPart = event.name.hasPrefix("..") || event.name.isEmpty
                places.insert(isPart ? event.watched : "\(event.watched)/\(event.name)")
            }
            for place in places.sorted() { visit(place) }
        }
    }

    private mutating func scanAll() {
        // Status directories are the program's own: it makes them.
        for root in feed.overlays where FileKind(root) == .absent { try? Files.makeDirectory(Self.plain(root)) }
        for root in feed.directories + feed.overlays {
            let path = Self.plain(root)
            if FileKind(path) == .directory {
                rootProblems[root] = nil
                visit(path)
            } else {
                rootProblems[root] = FeedFailure(
                    source: root, reason: "NotFound",
                    message: "there is no such directory; what it held before stays until it is back")
                watchAbove(path)
            }
        }
    }

    /// Watches the nearest directory above that is there, to see a missing one come.
    private mutating func watchAbove(_ path: String) {
        var above = path[...]
        while let slash = above.lastIndex(of: "/") {
            above = above[..<slash]
            let directory = above.isEmpty ? "/" : String(above)
            if FileKind(directory) == .directory {
                watch(directory)
                return
            }
        }
        watch(".")
    }

    private mutating func watch(_ directory: String) {
        do {
            try inotify.watch(directory)
            watchProblems[directory] = nil
        } catch {
            // It may be gone by now; if not, its changes are not seen.
            guard FileKind(directory) == .directory else { return }
            watchProblems[directory] = FeedFailure(
                source: directory, reason: "CannotWatch",
                message: "changes here are not seen: \(error); raise the sysctl fs.inotify.max_user_watches")
        }
    }

    /// Looks at a file or directory, or at its absence.
    private mutating func visit(_ path: String) {
        guard let place = place(of: path) else { return }
        let name = path.split(separator: "/").last ?? ""
        let isRoot = place.rest.isEmpty
        guard isRoot || !name.hasPrefix(".") else { return }
        switch FileKind(path, linkedDirectories: isRoot) {
        case .directory:
            // Watched first and listed then, so that nothing is missed between the two.
            watch(path)
            for child in Files.list(path) ?? [] { visit("\(path)/\(child)") }
            for known in known(below: path) where FileKind(known) == .absent { remove(known) }
        case .file: read(path, place)
        case .absent: seen[path] == nil ? known(below: path).forEach { remove($0) } : remove(path)
        }
    }

    private func known(below path: String) -> Set<String> {
        Set(seen.keys.filter { $0.hasPrefix(path + "/") }).union(index.files(below: path).map(\.path))
    }

    // MARK: Files

    private mutating func read(_ path: String, _ place: Place) {
        let name = path.split(separator: "/").last ?? ""
        let object = place.isOverlay ? ObjectOverlay.object(ofFile: String(name)) : nil
        guard place.isOverlay ? object != nil && place.rest.count == 2 : ManifestReader.isManifest(name) else { return }
        let bytes: [UInt8]
        do {
            bytes = try Descriptor(open: path).contents()
        } catch {
            if FileKind(path) == .absent { return remove(path) }
            return report(path, place, FeedFailure(source: path, reason: "Unreadable", message: "\(error)"))
        }
        let hash = ContentHash(bytes)
        guard seen[path] != hash else { return }
        seen[path] = hash
        if let object {
            read(overlay: bytes, of: object, by: place.rest[0], path)
        } else {
            feed.counters.withLock { $0.parsedFiles += 1 }
            let contents = feed.reader.read(bytes, file: path)
            let key = ManifestIndex.FileKey(directory: place.root, path: path)
            unsettled[path] = nil
            remember(bytes, contents, key)
            if !contents.isBroken, index.loses(key, with: contents) {
                unsettled[path] = (.now + feed.settling, contents)
                index.update(key, contents, keeping: true)
            } else {
                index.update(key, contents, keeping: contents.isBroken)
            }
        }
    }

    /// Keeps a good text; for a file that is broken when it is first seen, goes back to the last good one.
    private mutating func remember(_ bytes: [UInt8], _ contents: ManifestContents, _ key: ManifestIndex.FileKey) {
        guard let memory = feed.memory else { return }
        if !contents.isBroken {
            memory.store(bytes, of: key.path)
        } else if !index.knows(key), let old = memory.recall(key.path) {
            index.update(key, feed.reader.read(old, file: key.path), keeping: false)
        }
    }

    private mutating func read(overlay bytes: [UInt8], of object: ObjectID, by writer: String, _ path: String) {
        do {
            let overlay = try ObjectOverlay(JSONCursor(try JSON(parsing: bytes)))
            index.update(overlay, of: object, by: writer)
            index.report(overlay: path, nil)
        } catch let error as Rejection {
            index.report(
                overlay: path, FeedFailure(source: path, reason: error.reason, message: error.description))
        } catch {
            index.report(overlay: path, FeedFailure(source: path, reason: "BadJSON", message: "\(error)"))
        }
    }

    private mutating func report(_ path: String, _ place: Place, _ failure: FeedFailure) {
        seen[path] = .unreadable
        guard !place.isOverlay else { return index.report(overlay: path, failure) }
        var contents = ManifestContents()
        contents.problems = [failure]
        contents.isBroken = true
        index.update(.init(directory: place.root, path: path), contents, keeping: true)
    }

    private mutating func remove(_ path: String) {
        guard let place = place(of: path) else { return }
        seen[path] = nil
        if place.isOverlay {
            let name = path.split(separator: "/").last ?? ""
            guard let object = ObjectOverlay.object(ofFile: String(name)), place.rest.count == 2 else { return }
            index.update(nil, of: object, by: place.rest[0])
            index.report(overlay: path, nil)
        } else if index.update(.init(directory: place.root, path: path), nil, keeping: true) {
            unsettled[path] = (.now + feed.settling, nil)
        }
    }

    /// Files that were quiet for long enough lose now what they had lost.
    private mutating func settle() {
        let now = ContinuousClock.now
        for (path, waiting) in unsettled where waiting.deadline <= now {
            unsettled[path] = nil
            // A directory that is gone as a whole may come back; until then its objects stay.
            guard let place = place(of: path), FileKind(root(of: place)) == .directory else { continue }
            let bytes = FileKind(path) == .absent ? nil : try? Descriptor(open: path).contents()
            if bytes.map(ContentHash.init) == seen[path] {
                if bytes == nil { feed.memory?.forget(path) }
                index.update(.init(directory: place.root, path: path), waiting.contents, keeping: false)
            } else {
                // Written to meanwhile: from the start again.
                visit(path)
            }
        }
    }

    // MARK: News

    private mutating func publish() {
        let changes = index.changes()
        if !changes.isEmpty { emit(.changes(feed: feed.name, changes, lane: .bulk)) }
        if index.filesHaveChanged() { feed.counters.withLock { $0.ignoredKinds = index.ignored } }
        let places = [rootProblems, watchProblems].flatMap { $0.sorted { $0.key < $1.key }.map(\.value) }
        let problems = places + index.problems
        if problems != lastProblems {
            lastProblems = problems
            emit(.failed(feed: feed.name, problems))
        }
        // A directory that is missing may be one that is not mounted yet: the listing is not complete without it.
        if !hasListed, feed.directories.allSatisfy({ rootProblems[$0] == nil }) {
            hasListed = true
            for path in feed.memory?.paths ?? [] where FileKind(path) == .absent { feed.memory?.forget(path) }
            emit(.listed(feed: feed.name))
        }
    }

    // MARK: Paths

    private struct Place {
        /// The position of the directory among the feed's.
        let root: Int
        let isOverlay: Bool
        /// The parts of the path below that directory.
        let rest: [String]
    }

    /// Where a path belongs; a status directory may lie inside a manifest directory.
    private func place(of path: String) -> Place? {
        for (roots, isOverlay) in [(feed.overlays, true), (feed.directories, false)] {
            for (number, root) in roots.enumerated() {
                let root = Self.plain(root)
                guard path == root || path.hasPrefix(root == "/" ? "/" : root + "/") else { continue }
                let rest = path.dropFirst(root.count).split(separator: "/").map(String.init)
                return Place(root: number, isOverlay: isOverlay, rest: rest)
            }
        }
        return nil
    }

    private func root(of place: Place) -> String { (place.isOverlay ? feed.overlays : feed.directories)[place.root] }

    private static func plain(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? plain(String(path.dropLast())) : path
    }
}
