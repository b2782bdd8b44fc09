import Glibc
import Linux
import Testing

@testable import Lab

/// What passes an interface, a line per packet, in the words of `tcpdump`.
final class Capture: Sendable {
    private let process: ChildProcess
    private let file: String

    private init(_ process: ChildProcess, _ file: String) {
        self.process = process
        self.file = file
    }

    deinit { _ = try? process.stop(grace: .milliseconds(100)) }

    /// Returns when the capture has begun.
    static func start(_ lab: PacketLab, _ place: String, _ device: String, _ filter: String) async throws -> Capture {
        let name = String(place.map { $0 == "/" || $0 == ":" ? "-" : $0 })
        let file = "\(lab.directory)/\(name)-\(device)-\(UInt32.random(in: 0...(.max)))"
        let probe = lab.probe
        let process = try await onThread {
            try probe.start(
                place,
                [
                    "sh", "-c",
                    "exec tcpdump -n -l -e --immediate-mode -i \(device) '\(filter)' >\(file) 2>\(file).errors",
                ])
        }
        let capture = Capture(process, file)
        let began = try await eventually(within: .seconds(10)) {
            (try? Files.read("\(file).errors"))?.contains("listening on") ?? false
        }
        try #require(began, "tcpdump did not begin to listen")
        return capture
    }

    var lines: [Substring] { ((try? Files.read(file)) ?? "").split(separator: "\n") }

    /// Waits for the line that shows that everything before it was captured too, and returns all lines.
    func lines(upTo control: String) async throws -> [Substring] {
        let seen = try await eventually(within: .seconds(10)) { lines.contains { $0.contains(control) } }
        try #require(seen, "the packet that ends the capture was not seen")
        return lines
    }
}
