public import Core
import Glibc

/// One worked example of a module: manifests, a line of dashes, and the rows that come of them as sorted text.
///
/// Lines of the rows' part that begin with `#` are remarks. With `OVENBIRD_RECORD=1` in the environment a case that
/// does not hold is written anew, to be reviewed as a difference.
public struct CaseFile: Sendable, CustomStringConvertible {
    public let path: String
    public let manifests: String
    public let rows: String

    /// The file's name.
    public var description: String { String(path.split(separator: "/").last ?? "") }

    private static let line = "----------"

    /// The cases of the folder `Cases` beside the folder of the test.
    public static func all(besideTest file: String = #filePath, folder: String = "Cases") throws -> [CaseFile] {
        let tests = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let directory = (tests + [Substring(folder)]).joined(separator: "/")
        guard let handle = opendir(directory) else { throw BrokenLaw("no folder \(directory)") }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".case") { names.append(name) }
        }
        guard !names.isEmpty else { throw BrokenLaw("no .case files in \(directory)") }
        return try names.sorted().map { try CaseFile(path: "\(directory)/\($0)") }
    }

    public init(path: String) throws {
        self.path = path
        guard let file = fopen(path, "r") else { throw BrokenLaw("cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let cut = lines.firstIndex(where: { $0.hasPrefix(Self.line) && $0.allSatisfy { $0 == "-" } }) else {
            throw BrokenLaw("\(path) has no line of at least ten dashes between manifests and rows")
        }
        manifests = lines[..<cut].joined(separator: "\n")
        rows = lines[(cut + 1)...].filter { !$0.hasPrefix("#") }.joined(separator: "\n")
            .trimmingNewlines()
    }

    /// Applies the manifests and compares the rows. `decode` makes objects of the manifests; `also` comes beside them.
    public func check(
        _ harness: Harness, also objects: [any Kind] = [], tables: [Table] = [],
        decode: (String) throws -> [any Kind]
    ) throws {
        try harness.apply(objects + decode(manifests))
        let found = harness.rows.filter { tables.isEmpty || tables.contains($0.id.table) }
        var text = found.map(\.description).joined(separator: "\n")
        for problem in harness.problems { text += "\n! \(problem)" }
        text = text.trimmingNewlines()
        guard text != rows else { return }
        if let record = getenv("OVENBIRD_RECORD"), String(cString: record) == "1" { return try write(text) }
        throw BrokenLaw("\(self) does not hold (- file, + rows)", difference(rows, text))
    }

    private func write(_ rows: String) throws {
        guard let file = fopen(path, "w") else { throw BrokenLaw("cannot write \(path)") }
        defer { fclose(file) }
        fputs("\(manifests)\n\(Self.line)\n\(rows)\n", file)
    }
}

extension String {
    fileprivate func trimmingNewlines() -> String {
        var text = self[...]
        while text.last == "\n" { text.removeLast() }
        while text.first == "\n" { text.removeFirst() }
        return String(text)
    }
}
