import Glibc
import Linux
import Testing

@testable import Lab

/// What changes in a table of a node's database, with the time of each change, as `ovsdb-client` tells it.
final class Monitor: Sendable {
    struct Change {
        /// Seconds; comparable with those of other monitors.
        let time: Double
        /// `insert`, `new` (of a change), `delete`.
        let action: Substring
        /// The row's columns as text.
        let row: Substring
    }

    private let process: ChildProcess
    private let file: String

    private init(_ process: ChildProcess, _ file: String) {
        self.process = process
        self.file = file
    }

    deinit { _ = try? process.stop(grace: .milliseconds(100)) }

    /// Returns when the first listing is there.
    static func start(
        _ lab: PacketLab, _ node: String, _ database: String, _ table: String, _ columns: String
    ) async throws -> Monitor {
        let names = ["OVN_Northbound": "ovnnb_db.sock", "Open_vSwitch": "db.sock"]
        let socket = try "\(lab.paths.engineDirectory(node))/\(#require(names[database]))"
        let file = "\(lab.directory)/monitor-\(UInt32.random(in: 0...(.max)))"
        let command =
            "exec ovsdb-client --timestamp --format=csv monitor unix:\(socket) \(database) \(table) \(columns)"
        let probe = lab.probe
        let process = try await onThread { try probe.start("outside", ["sh", "-c", "\(command) >\(file) 2>&1"]) }
        let monitor = Monitor(process, file)
        let began = try await eventually(within: .seconds(5)) {
            (try? Files.read(file))?.contains("row,action") ?? false
        }
        try #require(began, "the monitor of \(table) did not begin")
        return monitor
    }

    /// All changes since the start.
    func changes() throws -> [Change] {
        var time = 0.0
        return try Files.read(file).split(separator: "\n").compactMap { line in
            if let clock = Self.clock(line) {
                time = clock
                return nil
            }
            let parts = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
            return parts.count == 3 ? Change(time: time, action: parts[1], row: parts[2]) : nil
        }
    }

    /// `2026-11-24 09:38:55.830`: the seconds of the day.
    private static func clock(_ line: Substring) -> Double? {
        guard let time = line.split(separator: " ").dropFirst().first, line.count == 23 else { return nil }
        let parts = time.split(separator: ":").compactMap { Double($0) }
        return parts.count == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2] : nil
    }
}
