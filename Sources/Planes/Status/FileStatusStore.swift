public import Core
import Glibc
public import Linux
public import Model
import Synchronization

/// Status as files `DIRECTORY/WRITER/Kind.namespace.name.json`, which a manifest feed lays over its objects.
///
/// Each file is written under a hidden name and renamed: readers see it whole.
public final class FileStatusStore: StatusStore {
    /// `DIRECTORY/WRITER`.
    public let path: String
    private let directory: String
    private let writer: String
    /// Readable when somebody has touched a file.
    public let news: Descriptor
    private let inotify: Inotify
    private let count = Atomic<Int>(0)
    private static let draftPrefix = ".draft."

    public init(directory: String, writer: String) throws(SystemError) {
        path = "\(directory)/\(writer)"
        self.directory = directory
        self.writer = writer
        inotify = try Inotify()
        news = inotify.descriptor
    }

    /// How many files were written or removed.
    public var writes: Int { count.load(ordering: .relaxed) }

    public func objects() throws -> Set<ObjectID> {
        try Files.makeDirectory(path)
        // Watched first and listed then, so that nothing is missed between the two.
        try inotify.watch(path)
        var objects: Set<ObjectID> = []
        for name in Files.list(path) ?? [] {
            if name.hasPrefix(Self.draftPrefix) {
                // Left by a daemon that was killed.
                try Files.remove("\(path)/\(name)")
            } else if let object = ObjectOverlay.object(ofFile: name) {
                objects.insert(object)
            }
        }
        return objects
    }

    public func holds(_ status: ObjectOverlay?, of object: ObjectID) throws -> Bool {
        let file = file(of: object)
        guard Files.exists(file) else { return status == nil }
        guard let status else { return false }
        return try Files.read(file) == status.text(of: object)
    }

    public func save(_ status: ObjectOverlay?, of object: ObjectID) throws {
        let file = file(of: object)
        if let status {
            let draft = "\(path)/\(Self.draftPrefix)\(ObjectOverlay.fileName(of: object))"
            try Files.makeDirectory(path)
            try Files.write(draft, status.text(of: object))
            guard rename(draft, file) == 0 else {
                let error = SystemError(last: "rename \(draft)")
                try? Files.remove(draft)
                throw error
            }
        } else {
            try Files.remove(file)
        }
        count.add(1, ordering: .relaxed)
    }

    public func forgetAll(but writers: Set<String>, about kind: String) throws {
        for other in Files.list(directory) ?? [] where other != writer && !writers.contains(other) {
            for name in Files.list("\(directory)/\(other)") ?? [] where ObjectOverlay.object(ofFile: name)?.kind == kind
            {
                try Files.remove("\(directory)/\(other)/\(name)")
                count.add(1, ordering: .relaxed)
            }
        }
    }

    public func touched() throws -> StatusNews {
        var objects: Set<ObjectID> = []
        var isLoss = false
        while true {
            let events = try inotify.next()
            if events.isEmpty { return isLoss ? .everything : .objects(objects) }
            isLoss = isLoss || events.contains(where: \.isLoss)
            objects.formUnion(events.compactMap { ObjectOverlay.object(ofFile: $0.name) })
        }
    }

    private func file(of object: ObjectID) -> String { "\(path)/\(ObjectOverlay.fileName(of: object))" }
}
