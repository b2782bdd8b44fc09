import ArgumentParser
import Glibc
import Lab
import Linux
import Model

struct LabListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The labs on this machine, and what is left of others.",
        discussion: "EXAMPLE:\n  ovenbird lab list -o json")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let entries = try await onThread { Labs.names().map { Labs.entry(LabPaths(name: $0)) } }
        let answer: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "LabList", "complete": true,
            "items": .array(entries.map(\.json)),
        ]
        output.print(answer) { _ in
            LabTable.of(entries)
        } names: {
            entries.map(\.paths.name)
        }
    }
}

struct LabStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How a lab is doing: its nodes, its pods, what is wrong.",
        discussion: "EXAMPLES:\n  ovenbird lab status\n  ovenbird lab status shop -o json")

    @Argument(help: "The lab; the only one when left out.") var name: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let entry: Labs.Entry
        do {
            let paths = try Labs.pick(name)
            entry = try await onThread { Labs.entry(paths) }
        } catch {
            throw CommandFailure(lab: error)
        }
        output.print(entry.json) { _ in
            LabTable.of([entry])
        } names: {
            [entry.paths.name]
        }
        if output.output == .table || output.output == .wide { details(entry) }
        if entry.state != "ok" { throw ExitCode(entry.report == nil ? 3 : 1) }
    }

    private func details(_ entry: Labs.Entry) {
        guard let report = entry.report else { return }
        var nodes = TextTable("NODE", "DAEMON", "PID", "RESTARTS", "READY", "WAITS FOR")
        for node in report.nodes + [report.cluster] {
            let ready = node.name == report.cluster.name ? "-" : node.isReady ? "yes" : "no"
            nodes.rows.append([
                node.name, node.phase, node.pid.map { "\($0)" } ?? "-", "\(node.restarts)", ready, node.message,
            ])
        }
        var pods = TextTable("POD", "NODE", "STATE", "ADDRESSES", "ATTACHED IN", "NOTE")
        for pod in report.pods {
            pods.rows.append([
                pod.key, pod.node, pod.phase.rawValue, pod.addresses.joined(separator: " "),
                pod.attachMilliseconds.map { "\($0) ms" } ?? "-", pod.message,
            ])
        }
        print("\n\(nodes.text())\n\(pods.text())", terminator: "")
        for problem in report.problems { print("\(Mark.attention) \(problem)") }
    }
}

struct LabGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "The objects of a lab, with what daemons say about them.",
        discussion: """
            EXAMPLES:
              ovenbird lab get pods
              ovenbird lab get nodes -o yaml
              ovenbird lab get pod shop/web -o json
            """)

    @OptionGroup var lab: LabOption
    @OptionGroup var output: OutputOptions
    @Argument(help: "pods, nodes, namespaces, or another kind.") var kind: String
    @Argument(help: ArgumentHelp("NAME or NS/NAME; all when left out.", valueName: "object")) var object: String?

    func run() async throws {
        let (paths, record) = try lab.open()
        let kind = kind
        let name = object
        let items = try await onThread { try LabObjects(paths, record).all(kind: kind, name: name) }
        guard !items.isEmpty || object == nil else {
            throw CommandFailure(
                what: "no \(kind) \(object ?? "") in lab \(paths.name) (NotFound)",
                next: "ovenbird lab get \(kind) --lab \(paths.name)", exitCode: 1)
        }
        let answer: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "List", "complete": true, "items": .array(items.map(\.json)),
        ]
        output.print(object == nil ? answer : items[0].json) { _ in
            var table = TextTable("KIND", "NAMESPACE", "NAME", "FROM")
            for item in items {
                table.rows.append([item.kind, item.namespace.isEmpty ? "-" : item.namespace, item.name, item.file])
            }
            return table
        } names: {
            items.map { $0.namespace.isEmpty ? $0.name : "\($0.namespace)/\($0.name)" }
        }
    }
}

/// The table of `lab list` and `lab status`.
enum LabTable {
    static func of(_ entries: [Labs.Entry]) -> TextTable {
        var table = TextTable("LAB", "NODES", "PODS", "OBJECTS", "UP", "MEMORY", "STATE")
        for entry in entries {
            guard let record = entry.record else {
                let next = "leftovers (\(entry.namespaces) namespaces): lab down \(entry.paths.name)"
                table.rows.append([entry.paths.name, "-", "-", "-", "-", "-", next])
                continue
            }
            let report = entry.report
            let ready = report.map { "\($0.nodes.count(where: \.isReady))" } ?? "?"
            let pods = report.map { "\($0.pods.count { $0.phase == .running })/\($0.pods.count)" } ?? "-"
            table.rows.append([
                record.name, "\(ready)/\(record.nodes.count)", pods, record.manifests, age(record.began),
                "\(entry.memory >> 20)MiB", entry.state,
            ])
        }
        return table
    }

    private static func age(_ began: Int) -> String {
        let seconds = max(0, time(nil) - began)
        return seconds < 120 ? "\(seconds)s" : seconds < 7200 ? "\(seconds / 60)m" : "\(seconds / 3600)h"
    }
}

extension Labs.Entry {
    var json: JSON {
        [
            "name": .string(paths.name), "state": .string(state), "namespaces": .integer(namespaces),
            "memory": .integer(memory), "directory": record.map { .string($0.manifests) } ?? .null,
            "began": record.map { .integer($0.began) } ?? .null, "report": report?.json(revision: 0) ?? .null,
        ]
    }
}
