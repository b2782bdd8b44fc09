import Glibc
import Linux

/// The last good text of each manifest, kept over restarts of the daemon.
///
/// Without it a file that was broken while the daemon was down would take its objects away.
struct ManifestMemory {
    private let directory: String

    init(directory: String) { self.directory = directory }

    func recall(_ path: String) -> [UInt8]? {
        file(of: path).flatMap { try? Descriptor(open: $0).contents() }
    }

    /// Best effort: a full disk costs the memory and nothing else.
    func store(_ bytes: [UInt8], of path: String) {
        guard let file = file(of: path), recall(path) != bytes, let text = String(validating: bytes, as: UTF8.self)
        else { return }
        let draft = "\(directory)/.draft"
        try? Files.makeDirectory(directory, mode: 0o700)
        guard (try? Files.write(draft, text, mode: 0o600)) != nil else { return }
        rename(draft, file)
    }

    func forget(_ path: String) {
        if let file = file(of: path) { try? Files.remove(file) }
    }

    /// The paths there is something about.
    var paths: [String] {
        (Files.list(directory) ?? []).filter { $0.hasPrefix("=") }.map { name in
            String(name.dropFirst()).replacing("%2F", with: "/").replacing("%25", with: "%")
        }
    }

    /// Nil for a path that is too long for a file's name.
    private func file(of path: String) -> String? {
        let name = "=" + path.replacing("%", with: "%25").replacing("/", with: "%2F")
        return name.utf8.count <= 255 ? "\(directory)/\(name)" : nil
    }
}
