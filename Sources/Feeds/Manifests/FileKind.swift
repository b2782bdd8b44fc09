import Glibc

/// What is at a path.
enum FileKind {
    case file, directory, absent

    /// Links count as what they lead to. With `linkedDirectories` false a link to a directory counts as nothing: such
    /// links can make a circle.
    init(_ path: String, linkedDirectories: Bool = true) {
        var information = stat()
        var isLink = false
        if !linkedDirectories {
            guard lstat(path, &information) == 0 else {
                self = .absent
                return
            }
            isLink = information.st_mode & S_IFMT == S_IFLNK
        }
        guard stat(path, &information) == 0 else {
            self = .absent
            return
        }
        switch information.st_mode & S_IFMT {
        case S_IFDIR: self = isLink ? .absent : .directory
        case S_IFREG: self = .file
        default: self = .absent
        }
    }
}

/// A hash of a file's bytes, good for telling versions of one file apart within one process.
struct ContentHash: Hashable {
    /// Of a file that cannot be read.
    static let unreadable = ContentHash(count: -1, hash: 0)
    private let count: Int
    private let hash: Int

    private init(count: Int, hash: Int) {
        self.count = count
        self.hash = hash
    }

    init(_ bytes: [UInt8]) { self.init(count: bytes.count, hash: bytes.hashValue) }
}
