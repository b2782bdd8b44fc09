import Core
import Model

/// The files and overlays that are there, and the objects that follow from them. Pure: knows no file system.
///
/// Where two files hold one object, the one that comes first by directory and path counts, whatever the order in
/// which they came.
struct ManifestIndex {
    struct FileKey: Hashable, Comparable {
        /// The position of its directory among those of the feed.
        let directory: Int
        let path: String
        static func < (a: FileKey, b: FileKey) -> Bool { (a.directory, a.path) < (b.directory, b.path) }
    }

    private struct File {
        var objects: [ObjectID: ManifestObject] = [:]
        /// What an earlier version held and the present one does not replace, while that is broken or may be half
        /// written. Gives way to objects of any file.
        var held: [ObjectID: ManifestObject] = [:]
        var problems: [FeedFailure] = []
        var ignored: [String: Int] = [:]
    }

    private var files: [FileKey: File] = [:]
    private var holders: [ObjectID: Set<FileKey>] = [:]
    private var overlays: [ObjectID: [String: ObjectOverlay]] = [:]
    private var overlayProblems: [String: FeedFailure] = [:]
    private var emitted: [ObjectID: any Kind] = [:]
    private var dirty: Set<ObjectID> = []
    /// All problems there are, sorted; objects that are in several files among them.
    private(set) var problems: [FeedFailure] = []
    private var filesChanged = false

    /// Takes the new contents of a file, nil when it is gone.
    ///
    /// With `keeping`, what the file held until now stays where nothing replaces it. Returns whether anything is so
    /// kept.
    @discardableResult
    mutating func update(_ key: FileKey, _ contents: ManifestContents?, keeping: Bool) -> Bool {
        let old = files[key] ?? File()
        var new = File()
        if let contents {
            new.objects = Dictionary(contents.objects.map { ($0.id, $0) }) { first, _ in first }
            new.problems = contents.problems
            new.ignored = contents.ignored
        }
        if keeping { new.held = old.held.merging(old.objects) { _, own in own }.filter { new.objects[$0.key] == nil } }
        let before = Set(old.objects.keys).union(old.held.keys)
        let after = Set(new.objects.keys).union(new.held.keys)
        for id in before.subtracting(after) {
            holders[id]?.remove(key)
            if holders[id]?.isEmpty == true { holders[id] = nil }
        }
        for id in after { holders[id, default: []].insert(key) }
        dirty.formUnion(before.union(after))
        files[key] = contents == nil && new.held.isEmpty ? nil : new
        filesChanged = true
        return !new.held.isEmpty
    }

    /// Whether the file would lose objects with these contents.
    func loses(_ key: FileKey, with contents: ManifestContents?) -> Bool {
        guard let file = files[key] else { return false }
        let ids = Set((contents?.objects ?? []).map(\.id))
        return !file.objects.keys.allSatisfy(ids.contains) || !file.held.keys.allSatisfy(ids.contains)
    }

    /// Takes what one writer says about an object, nil for nothing any more.
    mutating func update(_ overlay: ObjectOverlay?, of object: ObjectID, by writer: String) {
        guard overlays[object]?[writer] != overlay else { return }
        overlays[object, default: [:]][writer] = overlay
        if overlays[object]?.isEmpty == true { overlays[object] = nil }
        dirty.insert(object)
    }

    /// What is wrong with an overlay file, nil for nothing.
    mutating func report(overlay path: String, _ failure: FeedFailure?) {
        guard overlayProblems[path] != failure else { return }
        overlayProblems[path] = failure
        filesChanged = true
    }

    func knows(_ key: FileKey) -> Bool { files[key] != nil }

    /// The files known below a directory, or the file itself.
    func files(below path: String) -> [FileKey] {
        files.keys.filter { $0.path == path || $0.path.hasPrefix(path + "/") }
    }

    var ignored: [String: Int] {
        files.values.reduce(into: [:]) { $0.merge($1.ignored, uniquingKeysWith: +) }
    }

    /// The changes since the last call, sorted by object.
    mutating func changes() -> [ObjectChange] {
        var changes: [ObjectChange] = []
        for id in dirty.sorted() {
            if let object = effective(id) {
                if let before = emitted[id], isEqual(before, object) { continue }
                emitted[id] = object
                changes.append(.put(object))
            } else if emitted.removeValue(forKey: id) != nil {
                changes.append(.remove(id))
            }
        }
        dirty = []
        return changes
    }

    private func effective(_ id: ObjectID) -> (any Kind)? {
        let keys = (holders[id] ?? []).sorted()
        let chosen = keys.lazy.compactMap { files[$0]?.objects[id] }.first
        guard let manifest = chosen ?? keys.lazy.compactMap({ files[$0]?.held[id] }).first else { return nil }
        guard let overlays = overlays[id] else { return manifest.object }
        let laid = ObjectOverlay.lay(overlays.sorted { $0.key < $1.key }.map(\.value), over: manifest.json)
        // The overlay is text in annotations and conditions; if it cannot be read with it, the manifest stands.
        return (try? manifest.decoder.decode(JSONCursor(laid))) ?? manifest.object
    }

    /// Whether files have changed since the last call; if so, finds out all problems anew.
    mutating func filesHaveChanged() -> Bool {
        guard filesChanged else { return false }
        filesChanged = false
        problems = files.values.flatMap(\.problems) + overlayProblems.values
        for (id, keys) in holders where keys.count > 1 {
            let all = keys.sorted().compactMap { files[$0]?.objects[id] }
            for other in all.dropFirst() {
                problems.append(
                    FeedFailure(
                        source: other.source, reason: "DuplicateObject",
                        message: "\(id) is already in \(all[0].source), which counts"))
            }
        }
        problems.sort { ($0.source, $0.reason, $0.message) < ($1.source, $1.reason, $1.message) }
        return true
    }
}

private func isEqual<K: Kind>(_ one: K, _ other: any Kind) -> Bool { (other as? K) == one }
