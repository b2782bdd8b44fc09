import Glibc
import Linux

/// Keeps logs small: what is over the limit moves to `FILE.1`, and the writer goes on in the emptied file.
///
/// Writers append, so they need not know. What is written in the moment between copy and cut is lost.
public enum LogFile {
    public static let limit = 16 << 20

    @discardableResult
    public static func cut(_ path: String, over limit: Int = limit) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > limit, let text = try? Files.read(path) else { return false }
        guard (try? Files.write("\(path).1", text, mode: 0o640)) != nil else { return false }
        return truncate(path, 0) == 0
    }
}
