import Testing

@testable import Lab

/// What changes in a table of a node's database, with the time of each change, as `ovsdb-client` tells it.
struct Monitor {
    struct Change {
        /// Seconds; comparable with those of other monitors.
        let time: Double
        /// `insert`, `new` (of a change), `delete`.
        let action: Substring
        /// The row's columns as text.
        let row: Substring
    }

    private let listener: Listener

    /// Returns when the first listing is there.
    static func start(
        _ lab: PacketLab, _ node: String, _ database: String, _ table: String, _ columns: String
    ) async throws -> Monitor {
        let names = ["OVN_Northbound": "ovnnb_db.sock", "Open_vSwitch": "db.sock"]
        let socket = try "\(lab.paths.engineDirectory(node))/\(#require(names[database]))"
        let command =
            "ovsdb-client --timestamp --format=csv monitor unix:\(socket) \(database) \(table) \(columns)"
        return Monitor(listener: try await Listener.start(lab, "outside", command, begins: "row,action"))
    }

    /// All changes since the start.
    func changes() -> [Change] {
        var time = 0.0
        return listener.lines.compactMap { line in
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
