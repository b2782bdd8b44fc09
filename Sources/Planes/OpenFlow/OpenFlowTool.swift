import Linux
import Model
import Synchronization

/// Speaks to Open vSwitch through `ovs-ofctl` and `ovs-appctl`.
final class OpenFlowTool: FlowSink {
    /// Where the switch has its sockets and its pid file.
    private let directory: String
    /// Enough for a full table on a busy machine.
    private static let deadline = Duration.seconds(60)
    private let known = Mutex<[String: Normalised]>([:])

    init(directory: String) { self.directory = directory }

    private func socket(_ bridge: String) -> String { "unix:\(directory)/\(bridge).mgmt" }

    func isReachable(_ bridge: String) -> Bool { Files.exists("\(directory)/\(bridge).mgmt") }

    func normalise(_ flows: [String]) throws -> [Normalised] {
        try known.withLock { answers in try Self.normalise(flows, &answers) }
    }

    private static func normalise(_ flows: [String], _ answers: inout [String: Normalised]) throws -> [Normalised] {
        // Flows that nobody asks for any more are forgotten, so that the memory does not grow for ever.
        if answers.count > 2 * flows.count + 4096 { answers = [:] }
        var unknown = Array(Set(flows).filter { answers[$0] == nil }).sorted()
        while !unknown.isEmpty {
            let input = unknown.joined(separator: "\n") + "\n"
            let command = ["ovs-ofctl", "-O", "OpenFlow15", "parse-flows", "-"]
            let outcome = try Command(command, input: input, deadline: deadline).outcome()
            if outcome.succeeded {
                let lines = outcome.output.split(separator: "\n").compactMap { FlowText.parsed($0) }
                guard lines.count == unknown.count else {
                    throw CommandError(command: "ovs-ofctl parse-flows", message: "unreadable: \(outcome.output)")
                }
                for (flow, (key, body)) in zip(unknown, lines) { answers[flow] = .flow(key, actions: body.actions) }
                break
            }
            let (line, words) = try fault(outcome, count: unknown.count)
            answers[unknown[line]] = .invalid(words)
            unknown.remove(at: line)
        }
        return flows.map { answers[$0] ?? .invalid("not understood") }
    }

    /// The line that is wrong and why: `ovs-ofctl: -:3: unknown keyword foo`.
    private static func fault(_ outcome: Command.Outcome, count: Int) throws -> (line: Int, words: String) {
        let text = outcome.errors
        guard let mark = text.firstRange(of: "-:") else {
            throw CommandError(command: "ovs-ofctl parse-flows", message: words(text))
        }
        let rest = text[mark.upperBound...]
        guard let line = Int(rest.prefix { $0.isNumber }), (1...count).contains(line) else {
            throw CommandError(command: "ovs-ofctl parse-flows", message: words(text))
        }
        return (line - 1, words(rest.drop { $0.isNumber || $0 == ":" || $0 == " " }))
    }

    private static func words(_ text: some StringProtocol) -> String {
        text.split(separator: "\n").map { $0.hasPrefix("ovs-ofctl: ") ? String($0.dropFirst(11)) : String($0) }
            .joined(separator: "; ")
    }

    func ports() throws -> [String: [String: Int]]? {
        guard let outcome = try SwitchControl(directory: directory).ask("dpif/show") else { return nil }
        return outcome.succeeded ? Self.ports(in: outcome.output) : nil
    }

    /// Lines such as `  br-ex:` and `    eth0 1/2: (system)`.
    static func ports(in text: String) -> [String: [String: Int]] {
        var bridges: [String: [String: Int]] = [:]
        var bridge = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("    "), words.count >= 2 {
                bridges[bridge]?[String(words[0])] = Int(words[1].prefix { $0 != "/" })
            } else if line.hasPrefix("  "), line.hasSuffix(":"), let name = words.first {
                bridge = String(name.dropLast())
                bridges[bridge] = [:]
            }
        }
        return bridges
    }

    func dump(_ bridge: String, onlyMarked: Bool) throws -> [FlowKey: FlowBody] {
        let filter = onlyMarked ? [Self.cookies(BridgeTable.mark)] : []
        let text = try Command(
            ["ovs-ofctl", "-O", "OpenFlow15", "--no-stats", "--no-names", "dump-flows", socket(bridge)] + filter,
            deadline: Self.deadline
        ).run()
        return Dictionary(text.split(separator: "\n").compactMap { FlowText.dumped($0) }) { $1 }
    }

    private static func cookies(_ mark: UInt64) -> String {
        "cookie=0x\(String(mark, radix: 16))/0x\(String(BridgeTable.mask, radix: 16))"
    }

    func count(_ bridge: String) throws -> Int {
        let text = try Command(
            "ovs-ofctl", "-O", "OpenFlow15", "dump-aggregate", socket(bridge), Self.cookies(BridgeTable.mark)
        ).run()
        guard let found = text.firstRange(of: "flow_count=") else { return 0 }
        return Int(text[found.upperBound...].prefix { $0.isNumber }) ?? 0
    }

    func learned(_ bridge: String, table: Int) throws -> [LearnedFlow] {
        let text = try Command(
            "ovs-ofctl", "-O", "OpenFlow15", "--no-names", "dump-flows", socket(bridge),
            "table=\(table),\(Self.cookies(LearnedFlows.mark))"
        ).run()
        return text.split(separator: "\n").compactMap { LearnedFlow(line: $0) }
    }

    func change(_ bridge: String, lines: [String]) throws {
        _ = try Command(
            ["ovs-ofctl", "-O", "OpenFlow15", "add-flows", socket(bridge), "-"],
            input: lines.joined(separator: "\n") + "\n"
        ).run()
    }

    func apply(_ changes: [FlowChange], to bridge: String) throws -> FlowRefusal? {
        let lines = changes.map { change in
            switch change {
            case .add(let key, let body):
                "add cookie=0x\(String(body.cookie, radix: 16)),\(key),actions=\(body.actions)"
            case .delete(let key): "delete_strict \(key)"
            }
        }
        let outcome = try Command(
            ["ovs-ofctl", "-O", "OpenFlow15", "--bundle", "add-flows", socket(bridge), "-"],
            input: lines.joined(separator: "\n") + "\n", deadline: Self.deadline
        ).outcome()
        if outcome.succeeded { return nil }
        var named: [FlowKey: String] = [:]
        for line in outcome.errors.split(separator: "\n") where line.hasPrefix("Error ") {
            if let (key, _) = FlowText.parsed(line) {
                named[key] = String(line.dropFirst(6).prefix { $0 != " " })
            }
        }
        return FlowRefusal(flows: named, message: Self.words(outcome.errors))
    }
}
