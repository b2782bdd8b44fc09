import Linux

/// The coming and going of bridges, seen in the directory of their sockets.
final class SwitchEvents {
    private let inotify: Inotify
    private let directory: String
    private var isWatching = false

    init(directory: String) throws(SystemError) {
        self.directory = directory
        inotify = try Inotify()
        watch()
    }

    var descriptors: [Descriptor] { [inotify.descriptor] }

    private func watch() {
        if !isWatching { isWatching = (try? inotify.watch(directory)) != nil }
    }

    /// The bridges whose socket has come or gone since the last call; nil when that is not known.
    func changed() -> Set<String>? {
        let wasWatching = isWatching
        watch()
        guard wasWatching || !isWatching, let events = try? inotify.next() else { return nil }
        if events.contains(where: \.isLoss) {
            isWatching = false
            return nil
        }
        return Set(events.filter { $0.name.hasSuffix(".mgmt") }.map { String($0.name.dropLast(5)) })
    }
}
