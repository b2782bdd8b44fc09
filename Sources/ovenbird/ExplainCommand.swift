import ArgumentParser
import Model

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Why something is as it is.",
        subcommands: [ExplainRow.self, ExplainObject.self, ExplainPod.self, ExplainService.self])
}

struct ExplainRow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "row", abstract: "Who made a row, column by column.",
        discussion: "EXAMPLE:\n  ovenbird explain row nb/Logical_Switch/n1 --node n1")

    @Argument(help: "PLANE/TABLE/KEY, as `ovenbird rows` shows it.") var row: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (node, answer) = try target.firstThatKnows("/row?id=\(escaped(row))", "row \(row)", next: "ovenbird rows")
        let found = answer["row"] ?? .null
        if output.output == .table {
            print("\(row) on \(node) · \(found["refused"].map { "refused: \(Optional($0).text)" } ?? "desired")")
        }
        output.print(
            answer,
            as: { _ in
                var table = TextTable("COLUMN", "VALUE", "FROM")
                table.rows = answer["facts"].list.map { fact in
                    let from = fact["owners"].list.map { "\($0["module"].text) · \($0["object"].text)" }
                    return [fact["column"].text, fact["value"].text, from.joined(separator: ", ")]
                }
                return table
            }, names: { [row] })
    }
}

struct ExplainObject: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "object", abstract: "What came of an object: its state, its problems, its rows.",
        discussion: "EXAMPLE:\n  ovenbird explain object Node/n1 --node n2")

    @Argument(help: "Kind/NAMESPACE/NAME, or Kind/NAME.") var object: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (node, answer) = try target.firstThatKnows(
            "/object?id=\(escaped(object))", "object \(object)", next: "ovenbird objects")
        let problems = (answer["object"]?["problems"]).list
        if output.output == .table {
            print("\(object) on \(node) · \((answer["object"]?["state"]).text) · \(answer["rows"].list.count) rows")
            for problem in problems {
                print(
                    "\(Mark.attention) \(problem["field"].text): \(problem["message"].text) (\(problem["reason"].text))"
                )
            }
            if !problems.isEmpty { print("kept: the last good rows · next: correct the object; nothing else to do") }
        }
        output.print(
            answer,
            as: { _ in
                var table = TextTable("ROW", "MODULE")
                table.rows = answer["rows"].list.map {
                    [$0["row"].text, ($0["owners"].list.first?["module"]).text]
                }
                return table
            }, names: { answer["rows"].list.map { $0["row"].text } })
        if !problems.isEmpty { throw ExitCode(1) }
    }
}

struct ExplainPod: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pod", abstract: "Where a pod's network comes from, or what it waits for.",
        discussion: "EXAMPLE:\n  ovenbird explain pod shop/web")

    @Argument(help: "NAMESPACE/NAME.") var pod: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let answers = try target.ask("/object?id=\(escaped("Pod/\(pod)"))")
        let local = answers.first { ($0.answer["port"]?["local"]).isTrue } ?? answers.first
        guard let (_, answer) = local else { return }
        let port = answer["port"]
        let object = answer["object"]
        if output.output == .table {
            let addresses = (port?["addresses"]).list.map { Optional($0).text }.joined(separator: " ")
            print(
                "\(pod) on \((port?["node"]).text) · \((object?["state"]).text) · \(addresses) · \((port?["mac"]).text)"
            )
            for problem in (object?["problems"]).list {
                print("\(Mark.attention) WAITING: \(problem["message"].text) (\(problem["reason"].text))")
            }
        }
        output.print(
            answer,
            as: { _ in
                var table = TextTable("ROW", "MODULE", "STATE")
                table.rows = answer["rows"].list.map {
                    [
                        $0["row"].text, ($0["owners"].list.first?["module"]).text,
                        $0["refused"].map { "refused: \(Optional($0).text)" } ?? "ok",
                    ]
                }
                return table
            }, names: { [pod] })
        if !(object?["problems"]).list.isEmpty { throw ExitCode(1) }
    }
}

extension TargetOptions {
    /// The first daemon that knows a thing.
    func firstThatKnows(_ path: String, _ what: String, next: String) throws -> (node: String, answer: JSON) {
        var last: CommandFailure?
        for target in try targets() {
            do { return (target.name, try target.get(path)) } catch let failure as CommandFailure { last = failure }
        }
        guard let last, last.exitCode != 1 else {
            throw CommandFailure(what: "there is no \(what) (NotFound)", next: next, exitCode: 1)
        }
        throw last
    }
}
