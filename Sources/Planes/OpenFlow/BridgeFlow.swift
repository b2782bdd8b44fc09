/// A flow as the switch tells flows apart: one table has one flow per priority and match.
struct FlowKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    let table: Int
    let priority: Int
    /// As the switch prints it.
    let match: String

    static let defaultPriority = 32768

    static func < (a: FlowKey, b: FlowKey) -> Bool {
        (a.table, -a.priority, a.match) < (b.table, -b.priority, b.match)
    }

    /// `table=0,priority=100,ip,in_port=1`: what `ovs-ofctl` reads.
    var description: String { "table=\(table),priority=\(priority)" + (match.isEmpty ? "" : ",\(match)") }
}

/// What a flow does, and by whose order.
struct FlowBody: Hashable, Sendable {
    /// As the switch prints them.
    let actions: String
    let cookie: UInt64
    /// Timeouts and flags; ours have none.
    let extras: String

    init(actions: String, cookie: UInt64, extras: String = "") {
        self.actions = actions
        self.cookie = cookie
        self.extras = extras
    }
}

/// Reads the texts of `ovs-ofctl`.
enum FlowText {
    /// A line of `dump-flows --no-stats`: ` cookie=0x5, table=1, priority=100,ip,in_port=1 actions=output:2`.
    static func dumped(_ line: Substring) -> (FlowKey, FlowBody)? {
        guard let cut = line.firstRange(of: "actions=") else { return nil }
        return read(line[..<cut.lowerBound].split(separator: " ").map(String.init), String(line[cut.upperBound...]))
    }

    /// A line of `parse-flows`, and what the switch quotes in an error:
    /// `OFPT_FLOW_MOD (OF1.5) (xid=0x4): ADD table:1 priority=100,ip,in_port=1 cookie:0x5 actions=output:2`.
    static func parsed(_ line: Substring) -> (FlowKey, FlowBody)? {
        guard line.contains("OFPT_FLOW_MOD"), let colon = line.firstRange(of: "): "),
            let cut = line.firstRange(of: "actions=")
        else { return nil }
        var words = line[colon.upperBound..<cut.lowerBound].split(separator: " ").map(String.init)
        words.removeFirst()
        for (index, word) in words.enumerated() {
            for name in ["table", "cookie"] where word.hasPrefix("\(name):") {
                words[index] = "\(name)=\(word.dropFirst(name.count + 1)),"
            }
        }
        return read(words, String(line[cut.upperBound...]))
    }

    /// Words that end with a comma are attributes; another one is the match, which begins with the priority unless
    /// that is the default one.
    private static func read(_ words: [String], _ actions: String) -> (FlowKey, FlowBody)? {
        var table = 0
        var cookie: UInt64 = 0
        var extras: [String] = []
        var match = ""
        for word in words {
            if word.hasPrefix("table="), word.hasSuffix(","), let number = Int(word.dropFirst(6).dropLast()) {
                table = number
            } else if word.hasPrefix("cookie=0x"), let number = UInt64(word.dropFirst(9).dropLast(), radix: 16) {
                cookie = number
            } else if word.hasSuffix(",") || word == "send_flow_rem" || word.hasPrefix("reset_counts") {
                extras.append(word)
            } else {
                match = word
            }
        }
        var priority = FlowKey.defaultPriority
        var fields = match.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        if let first = fields.first, first.hasPrefix("priority="), let number = Int(first.dropFirst(9)) {
            priority = number
            fields.removeFirst()
        }
        let key = FlowKey(table: table, priority: priority, match: fields.joined(separator: ","))
        return (key, FlowBody(actions: actions, cookie: cookie, extras: extras.joined(separator: " ")))
    }
}
