import Model

/// A flow that the switch has learned, as `ovs-ofctl dump-flows` shows it.
struct LearnedFlow: Hashable, Sendable {
    let table: Int
    let cookie: UInt64
    /// With its priority, if that is not the default.
    let match: String
    let actions: String
    /// In seconds; 0 for none.
    var timer: Int
    /// Seconds since the last packet.
    var idle: Int
    /// Since the switch has the flow.
    let packets: Int

    /// ` cookie=0x1, duration=2s, table=3, n_packets=0, n_bytes=0, idle_timeout=10, idle_age=2, tcp,… actions=…`.
    init?(line: Substring) {
        guard let cut = line.firstRange(of: " actions=") else { return nil }
        actions = String(line[cut.upperBound...])
        var table: Int?
        var cookie: UInt64?
        var timer = 0
        var idle = 0
        var packets = 0
        var match = ""
        for word in line[..<cut.lowerBound].split(separator: " ") {
            if word.hasPrefix("table=") {
                table = Int(word.dropFirst(6).dropLast())
            } else if word.hasPrefix("cookie=0x") {
                cookie = UInt64(word.dropFirst(9).dropLast(), radix: 16)
            } else if word.hasPrefix("idle_timeout=") {
                timer = Int(word.dropFirst(13).dropLast()) ?? 0
            } else if word.hasPrefix("idle_age=") {
                idle = Int(word.dropFirst(9).prefix { $0.isNumber }) ?? 0
            } else if word.hasPrefix("n_packets=") {
                packets = Int(word.dropFirst(10).dropLast()) ?? 0
            } else if !word.hasSuffix(",") {
                match = String(word)
            }
        }
        guard let table, let cookie else { return nil }
        self.table = table
        self.cookie = cookie
        self.timer = timer
        self.idle = idle
        self.packets = packets
        self.match = match
    }

    /// What tells it from others.
    var key: String { "\(table) \(match)" }

    /// The line that deletes it.
    var deletion: String { "delete_strict table=\(table)" + (match.isEmpty ? "" : ",\(match)") }

    /// Whether its time is over, and nobody else ends it: the switch does where its timer is that of the timeout.
    func isOver(after timeout: Int) -> Bool {
        idle >= timeout && (timer == 0 || timer != LearnedFlows.timer(for: timeout))
    }

    /// The line that makes it again; nil when its time was over. Its timer is whole, for later packets count from
    /// their own time on.
    func addition(after seconds: Int, timeout: Int) -> String? {
        guard idle + seconds < timeout else { return nil }
        let timer = self.timer == 0 ? "" : "idle_timeout=\(self.timer),"
        let fields = match.isEmpty ? "" : ",\(match)"
        return "add cookie=0x\(String(cookie, radix: 16)),\(timer)table=\(table)\(fields),actions=\(actions)"
    }
}
