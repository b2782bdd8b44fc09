import Glibc
import Linux
import Testing

@testable import Lab

/// A tool that runs in a lab and writes what it sees to a file; it ends with its owner.
final class Listener: Sendable {
    private let process: ChildProcess
    let file: String

    private init(_ process: ChildProcess, _ file: String) {
        self.process = process
        self.file = file
    }

    deinit { _ = try? process.stop(grace: .milliseconds(100)) }

    /// Returns when the tool has said, in its output or beside it, that it has begun.
    static func start(
        _ lab: PacketLab, _ place: String, _ command: String, begins words: String
    ) async throws -> Listener {
        let file = "\(lab.directory)/listener-\(UInt32.random(in: 0...(.max)))"
        let probe = lab.probe
        let process = try await onThread {
            try probe.start(place, ["sh", "-c", "exec \(command) >\(file) 2>\(file).errors"])
        }
        let listener = Listener(process, file)
        let began = try await eventually(within: .seconds(30)) {
            [file, "\(file).errors"].contains { (try? Files.read($0))?.contains(words) ?? false }
        }
        try #require(began, "it did not begin: \(command)")
        return listener
    }

    var lines: [Substring] { ((try? Files.read(file)) ?? "").split(separator: "\n") }
}
