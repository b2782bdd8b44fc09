import ArgumentParser
import Model

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Is it healthy, and if not, what is wrong.",
        discussion:
            "EXAMPLES:\n  ovenbird status\n  ovenbird status --lab network -o json\n\nExits with 1 when it is not.")

    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let answers = try target.ask("/status")
        let isHealthy = answers.allSatisfy { $0.answer["healthy"].isTrue }
        let all: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "StatusList", "complete": .boolean(answers.isComplete),
            "healthy": .boolean(isHealthy),
            "items": .array(answers.map(\.answer)),
        ]
        if output.output == .table || output.output == .wide {
            let pods = answers.map { $0.answer["pods"] }
            let settled = pods.reduce(0) { $0 + ($1?["settled"]).number }
            let total = pods.reduce(0) { $0 + ($1?["total"]).number }
            print(
                "\(isHealthy ? "\(Mark.ok) healthy" : "\(Mark.attention) degraded")   \(answers.count) nodes · "
                    + "\(settled) of \(total) pods settled · ovenbird \(answers.first?.answer["version"].text ?? "")\n")
        }
        output.print(all, as: { _ in table(answers) }, names: { answers.map(\.node) })
        if output.output == .table || output.output == .wide { problems(answers) }
        try answers.mustBeComplete()
        if !isHealthy { throw ExitCode(1) }
    }

    private func table(_ answers: Answers) -> TextTable {
        // What the modules count; one that is off on a node counts nothing there.
        var kinds: [String] = []
        for (_, answer) in answers {
            for kind in answer["objects"].list.map({ $0["kind"].text }) where !kinds.contains(kind) {
                kinds.append(kind)
            }
        }
        var table = TextTable("NODE", "AGENT", "ENGINE", "FEEDS", "PLANES", "PODS")
        table.headers += kinds.map(plural) + ["ROWS", "REFUSED", "TURN"]
        for (node, answer) in answers {
            let processes = answer["processes"].list
            let up = processes.count { $0["phase"].text == "running" }
            let feeds = answer["feeds"].list
            let planes = answer["planes"].list
            let pods = answer["pods"]
            let counts = kinds.map { kind in
                answer["objects"].list.first { $0["kind"].text == kind }
                    .map { "\($0["settled"].number)/\($0["total"].number)" } ?? "-"
            }
            table.rows.append(
                [
                    node, answer["healthy"].isTrue ? "ok" : "problem",
                    processes.isEmpty ? "-" : up == processes.count ? "ok" : "\(up)/\(processes.count)",
                    "\(feeds.count { $0["listed"].isTrue })/\(feeds.count)",
                    "\(planes.count { $0["connected"].isTrue })/\(planes.count)",
                    "\((pods?["settled"]).number)/\((pods?["total"]).number)",
                ] + counts + [
                    "\(answer["rows"].number)", "\(planes.reduce(0) { $0 + $1["refused"].list.count })",
                    "\(answer["turn"].number)",
                ])
        }
        return table
    }

    /// `SERVICES`, `NETWORKPOLICIES`.
    private func plural(_ kind: String) -> String {
        kind.hasSuffix("y") ? "\(kind.dropLast().uppercased())IES" : "\(kind.uppercased())S"
    }

    /// One line for each thing that is wrong, however many nodes say so.
    private func problems(_ answers: Answers) {
        var nodes: [String: [String]] = [:]
        var lines: [String] = []
        func add(_ line: String, _ node: String) {
            if nodes[line] == nil { lines.append(line) }
            nodes[line, default: []].append(node)
        }
        for (node, answer) in answers {
            if case .string(let missing)? = answer["missing"] { add(missing, node) }
            for problem in answer["problems"].list { add(text(of: problem), node) }
        }
        guard !lines.isEmpty else { return }
        print("\n\(lines.count) PROBLEM\(lines.count == 1 ? "" : "S")")
        for line in lines { print("\(Mark.attention) \(places(nodes[line] ?? [], of: answers.count)): \(line)") }
    }

    private func text(of problem: JSON) -> String {
        let object = problem["object"].text
        let field = problem["field"].text
        return "\(object.isEmpty ? "" : object + ": ")\(field.isEmpty ? "" : field + ": ")"
            + "\(problem["message"].text) (\(problem["reason"].text))"
            + (object.isEmpty ? "" : "\n  next: ovenbird explain object \(object)")
    }
}

struct ObjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "objects", abstract: "What came in, and whether it is in force.",
        discussion: "EXAMPLES:\n  ovenbird objects pod -n shop\n  ovenbird objects nodenetwork --node n1 -o json")

    @Argument(help: "A kind; all of them when left out.") var kind: String?
    @Option(name: .shortAndLong, help: "Only this namespace.") var namespace: String?
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let query = [("kind", kind), ("namespace", namespace)]
            .compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }.joined(separator: "&")
        let answers = try target.ask("/objects?\(query)")
        let items = merged(answers)
        let all: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "ObjectList", "complete": .boolean(answers.isComplete),
            "items": .array(
                items.map { nodes, item in
                    guard case .object(var object) = item else { return item }
                    object["nodes"] = .array(nodes.map { .string($0) })
                    return .object(object)
                }),
        ]
        output.print(
            all,
            as: { _ in
                var table = TextTable("KIND", "NAMESPACE", "NAME", "NODES", "STATE", "NOTE")
                table.rows = items.map { nodes, item in
                    [
                        item["kind"].text, item["namespace"].text, item["name"].text,
                        places(nodes, of: answers.count), item["state"].text,
                        item["problems"].list.first.map { $0["message"].text } ?? "",
                    ]
                }
                return table
            }, names: { items.map { identity($1).joined(separator: "/") } })
        try answers.mustBeComplete()
    }
}

struct RowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rows", abstract: "What goes out, and whose it is.",
        discussion: """
            EXAMPLES:
              ovenbird rows --node n1                           every row of a node
              ovenbird rows --table nb/Logical_Switch_Port
              ovenbird rows --owner Pod/shop/web
              ovenbird rows --owner gateway                     of a module
              ovenbird rows --top owner                         who makes most of them
            """)

    enum Top: String, ExpressibleByArgument, CaseIterable { case owner, module, table }

    @Option(help: ArgumentHelp("A plane (nb, sb, vs, of, host, api) or a table of one (nb/ACL).", valueName: "table"))
    var table: String?
    @Option(help: ArgumentHelp("An object or a module.", valueName: "owner")) var owner: String?
    @Option(help: "Counts instead, most first: by owner, module or table.") var top: Top?
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let query = [("table", table), ("owner", owner)]
            .compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }.joined(separator: "&")
        let answers = try target.ask("/rows?\(query)")
        let items = answers.flatMap { node, answer in answer["items"].list.map { (node, $0) } }
        if let top { return try count(items.map(\.1), by: top, answers) }
        let all: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "RowList", "complete": .boolean(answers.isComplete),
            "items": .array(items.map(\.1)),
        ]
        output.print(
            all,
            as: { _ in
                var table = TextTable("NODE", "ROW", "MODULE", "OWNER", "STATE")
                table.rows = items.map { node, item in
                    let owners = item["owners"].list
                    return [
                        node, item["row"].text, Set(owners.map { $0["module"].text }).sorted().joined(separator: ","),
                        owners.first.map { $0["object"].text + (owners.count > 1 ? " +\(owners.count - 1)" : "") }
                            ?? "",
                        item["refused"].map { "refused: \(Optional($0).text)" } ?? "ok",
                    ]
                }
                return table
            }, names: { items.map { $1["row"].text } })
        try answers.mustBeComplete()
    }

    /// A row with several owners counts for each of them.
    private func count(_ rows: [JSON], by top: Top, _ answers: Answers) throws {
        var counts: [String: (modules: Set<String>, rows: Int)] = [:]
        for row in rows {
            let owners = row["owners"].list
            let names: Set<String> =
                switch top {
                case .owner: Set(owners.map { $0["object"].text })
                case .module: Set(owners.map { $0["module"].text })
                case .table: ["\(row["plane"].text)/\(row["table"].text)"]
                }
            for name in names {
                let modules = owners.filter { top != .owner || $0["object"].text == name }.map { $0["module"].text }
                counts[name, default: ([], 0)].modules.formUnion(modules)
                counts[name, default: ([], 0)].rows += 1
            }
        }
        let sorted = counts.sorted { ($1.value.rows, $0.key) < ($0.value.rows, $1.key) }
        let all: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "RowCountList", "complete": .boolean(answers.isComplete),
            "items": .array(
                sorted.map { name, count in
                    [
                        "\(top.rawValue)": .string(name), "rows": .integer(count.rows),
                        "modules": .array(count.modules.sorted().map { .string($0) }),
                    ]
                }),
        ]
        output.print(
            all,
            as: { _ in
                var table = TextTable("ROWS", top.rawValue.uppercased(), "MODULES")
                table.rows = sorted.map { name, count in
                    ["\(count.rows)", name, top == .module ? "" : count.modules.sorted().joined(separator: ",")]
                }
                if top == .module { table.dropLastColumn() }
                return table
            }, names: { sorted.map(\.key) })
        try answers.mustBeComplete()
    }
}
