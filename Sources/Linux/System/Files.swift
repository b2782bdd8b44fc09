import Glibc

/// Small files, read and written whole.
public enum Files {
    public static func read(_ path: String) throws(SystemError) -> String {
        let file = try Descriptor(open: path)
        var all: [UInt8] = []
        while true {
            let chunk: [UInt8]
            do { chunk = try file.read() } catch { throw SystemError("read \(path)", code: error.code) }
            if chunk.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += chunk
        }
    }

    public static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws(SystemError) {
        let file = try Descriptor(open: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        do { try file.write(Array(text.utf8)) } catch { throw SystemError("write \(path)", code: error.code) }
    }

    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes a file; one that is not there is fine.
    public static func remove(_ path: String) throws(SystemError) {
        if unlink(path) < 0, errno != ENOENT { throw SystemError(last: "remove \(path)") }
    }

    /// Makes a directory and those above it; one that is there is fine.
    public static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(SystemError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError(last: "make directory \(path)")
        }
        try makeDirectory(String(path[..<slash]), mode: mode)
        if mkdir(path, mode) < 0, errno != EEXIST { throw SystemError(last: "make directory \(path)") }
    }

    /// The names in a directory, sorted; nil when it is not there.
    public static func list(_ path: String) -> [String]? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// Kernel settings below `/proc/sys`, those of the network in the thread's namespace.
public enum KernelSettings {
    /// The value, or nil when there is no such setting.
    public static func value(_ path: String) -> String? {
        guard let text = try? Files.read("/proc/sys/\(path)") else { return nil }
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    public static func set(_ path: String, to value: String) throws(SystemError) {
        let file = try Descriptor(open: "/proc/sys/\(path)", flags: O_WRONLY)
        do { try file.write(Array(value.utf8)) } catch {
            throw SystemError("write \(value) to /proc/sys/\(path)", code: error.code)
        }
    }
}
