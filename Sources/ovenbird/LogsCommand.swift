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
    @Option(help: ArgumentHelp("allow, drop or pass; all when left out.", valueName: "word")) var verdict: String?
    @Option(help: ArgumentHelp("Only packets from or to this pod.", valueName: "ns/pod")) var pod: String?
    @Option(
        help: ArgumentHelp("Only what this policy decided, or the isolation of this namespace.", valueName: "ns/name"))
    var policy: String?
    @Option(name: .shortAndLong, help: "table, or json: an object per line.") var output: OutputOptions.Format = .table

    @Option(help: ArgumentHelp("Where ovn-controller writes, outside a lab.", valueName: "path"))
    var log = "/var/log/ovn/ovn-controller.log"

    func run() throws {
        var book = try Book(target)
        var logs = [(node: book.names.node ?? "this node", file: log)]
        if target.nodeSocket == nil, target.lab != nil || !Labs.names().isEmpty {
            let paths = try Labs.pick(target.lab)
            logs = (LabRecord(paths)?.nodes ?? []).filter { target.node == nil || target.node == $0 }
                .map { ($0, "\(paths.engineDirectory($0))/ovn-controller.log") }
        }
        if let failure = book.names.failure { say("\(failure.text)\n  kept: addresses are shown without names") }
        if follow {
            try tail(logs, &book)
        } else {
            var lines: [(line: PolicyLogLine, node: String)] = []
            for log in logs { lines += try read(log.file).map { ($0, log.node) } }
            for entry in lines.sorted(by: { $0.line.time < $1.line.time }) { show(entry.line, entry.node, book.names) }
        }
    }

    /// Names, asked for again when an address turns up that nobody had: pods come while one looks.
    private struct Book {
        let targets: [Target]
        private(set) var names: AddressBook
        private var asked = ContinuousClock.now

        init(_ target: TargetOptions) throws {
            targets = try target.targets()
            names = AddressBook(targets)
        }

        mutating func look(for line: PolicyLogLine) {
            let isKnown = [line.source, line.destination].compactMap { $0 }.allSatisfy(names.knows)
            guard !isKnown, asked + .seconds(1) < .now else { return }
            names = AddressBook(targets)
            asked = .now
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
    private func tail(_ logs: [(node: String, file: String)], _ book: inout Book) throws {
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
                    book.look(for: line)
                    show(line, node, book.names)
                } else if text.hasPrefix("==> ") {
                    node = logs.first { text.contains($0.file) }?.node ?? node
                }
            }
            rest.removeSubrange(...end)
            fflush(nil)
        }
    }

    private func show(_ line: PolicyLogLine, _ node: String, _ names: AddressBook) {
        let (from, to) = (names.name(line.source), names.name(line.destination))
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
}
