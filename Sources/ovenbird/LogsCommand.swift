import ArgumentParser
import Glibc
import Lab
import Linux
import Model

/// What policies let through and dropped, with names instead of addresses.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Shows the packets that policies allowed or dropped, where a namespace asks for it.",
        discussion: """
            EXAMPLES:
              ovenbird logs                    what was logged on all nodes, oldest first
              ovenbird logs --follow           and whatever comes, until interrupted
              ovenbird logs --verdict drop     only what was dropped
              ovenbird logs --pod shop/db      only what that pod sent, or was sent
              ovenbird logs --policy shop/db -o json

            A namespace asks with the annotation k8s.ovn.org/acl-logging: '{"deny":"alert","allow":"notice"}'.
            """)

    @OptionGroup var target: TargetOptions
    @Flag(name: .shortAndLong, help: "Goes on with whatever comes.") var follow = false
    @Option(help: ArgumentHelp("allow or drop; both when left out.", valueName: "word")) var verdict: String?
    @Option(help: ArgumentHelp("Only packets from or to this pod.", valueName: "ns/pod")) var pod: String?
    @Option(
        help: ArgumentHelp("Only what this policy decided, or the isolation of this namespace.", valueName: "ns/name"))
    var policy: String?
    @Option(name: .shortAndLong, help: "table, or json: an object per line.") var output: OutputOptions.Format = .table

    private static let standardLog = "/var/log/ovn/ovn-controller.log"

    func run() throws {
        var logs = [(node: "this node", file: Self.standardLog)]
        var names: [IPAddress: String] = [:]
        if target.lab != nil || !Labs.names().isEmpty {
            let paths = try Labs.pick(target.lab)
            let record = LabRecord(paths)
            logs = (record?.nodes ?? []).filter { target.node == nil || target.node == $0 }
                .map { ($0, "\(paths.engineDirectory($0))/ovn-controller.log") }
            names = try known(paths, record)
        }
        if follow {
            try tail(logs, names)
        } else {
            var lines: [(line: PolicyLogLine, node: String)] = []
            for log in logs { lines += try read(log.file).map { ($0, log.node) } }
            for entry in lines.sorted(by: { $0.line.time < $1.line.time }) { show(entry.line, entry.node, names) }
        }
    }

    private func read(_ file: String) throws -> [PolicyLogLine] {
        do {
            return try Files.read(file).split(separator: "\n").compactMap { PolicyLogLine(String($0)) }
        } catch {
            throw CommandFailure(what: "cannot read \(file) (NotFound)", because: "\(error)", next: "ovenbird lab list")
        }
    }

    /// `tail` knows what to do when a log is rotated; before lines of another file it says which.
    private func tail(_ logs: [(node: String, file: String)], _ names: [IPAddress: String]) throws {
        let (reading, writing) = try Descriptor.pipe()
        let tail = try ChildProcess(
            ["tail", "--pid=\(getpid())", "-v", "-n", "0", "-F"] + logs.map(\.file), output: .descriptor(writing))
        defer { _ = try? tail.stop() }
        var node = logs.first?.node ?? ""
        var rest: [UInt8] = []
        while case let bytes = try reading.read(), !bytes.isEmpty {
            rest += bytes
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            for text in String(decoding: rest[..<end], as: UTF8.self).split(separator: "\n") {
                if let line = PolicyLogLine(String(text)) {
                    show(line, node, names)
                } else if text.hasPrefix("==> ") {
                    node = logs.first { text.contains($0.file) }?.node ?? node
                }
            }
            rest.removeSubrange(...end)
            fflush(nil)
        }
    }

    private func show(_ line: PolicyLogLine, _ node: String, _ names: [IPAddress: String]) {
        func name(_ address: IPAddress?) -> String { address.map { names[$0] ?? "\($0)" } ?? "-" }
        let (from, to) = (name(line.source), name(line.destination))
        guard verdict == nil || verdict == line.verdict, pod == nil || pod == from || pod == to,
            policy == nil || line.isBy(policy ?? "")
        else { return }
        guard output == .table || output == .wide else {
            let answer: JSON = [
                "time": .string(line.time), "node": .string(node), "verdict": .string(line.verdict),
                "severity": .string(line.severity), "from": .string(from), "to": .string(to),
                "transport": .string(line.transport), "port": line.port.map { .integer($0) } ?? .null,
                "flags": .string(line.flags), "rule": .string(line.rule), "name": .string(line.name),
            ]
            return print(answer.text())
        }
        let port = line.port.map { " \($0)" } ?? ""
        let flags = line.flags.isEmpty ? "" : " (\(line.flags))"
        print(
            "\(line.time)  \(node)  \(line.verdict)  \(from) > \(to)  \(line.transport)\(port)\(flags)  \(line.rule)  "
                + "[\(line.severity)]")
    }

    /// Who has which address in a lab.
    private func known(_ paths: LabPaths, _ record: LabRecord?) throws -> [IPAddress: String] {
        var names: [IPAddress: String] = [:]
        for pod in (try? Labs.report(paths))?.pods ?? [] {
            for text in pod.addresses {
                if let address = text.split(separator: "/").first.flatMap({ IPAddress($0) }) {
                    names[address] = pod.key
                }
            }
        }
        for node in record?.nodes ?? [] {
            for family in record?.families.list ?? [] {
                if let address = record.flatMap({ IPAddress($0.address(of: node, family)) }) {
                    names[address] = "node:\(node)"
                }
            }
        }
        return names
    }
}
