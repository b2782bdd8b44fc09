import ArgumentParser
import Model

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Why something is as it is.",
        subcommands: [ExplainObject.self, ExplainPod.self, ExplainRow.self], defaultSubcommand: ExplainObject.self)
}

struct ExplainRow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "row", abstract: "Who made a row, column by column.",
        discussion: "EXAMPLE:\n  ovenbird explain row nb/Logical_Switch/n1 --node n1")

    @Argument(help: "PLANE/TABLE/KEY, as `ovenbird rows` shows it.") var row: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (node, answer) = try target.mostTold("/row?id=\(escaped(row))", next: "ovenbird rows")
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
        commandName: "object", abstract: "What came of an object: its state, its problems, what modules say, its rows.",
        discussion: """
            EXAMPLES:
              ovenbird explain service shop/web --node n1      where its addresses lead, why an endpoint is not used
              ovenbird explain object Node/n1 --node n2
              ovenbird explain Service/shop/web -o wide        with all rows
            """)

    @Argument(help: ArgumentHelp("KIND NAMESPACE/NAME, or KIND/NAMESPACE/NAME.", valueName: "object"))
    var words: [String]
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try Explanation.show(words.joined(separator: "/"), target, output) }
}

struct ExplainPod: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pod", abstract: "Where a pod's network comes from, or what it waits for.",
        discussion: "EXAMPLE:\n  ovenbird explain pod shop/web")

    @Argument(help: "NAMESPACE/NAME.") var pod: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try Explanation.show("Pod/\(pod)", target, output) }
}

extension TargetOptions {
    /// What the daemon says that makes most of a thing: has most rows of it; else why nobody knows it.
    func mostTold(_ path: String, next: String) throws -> (node: String, answer: JSON) {
        var answers: [(node: String, answer: JSON)] = []
        var last: CommandFailure?
        for target in try targets() {
            do { answers.append((target.name, try target.get(path))) } catch let failure as CommandFailure {
                last = failure
            }
        }
        let most = answers.map { $0.answer["rows"].list.count }.max()
        if let told = answers.first(where: { $0.answer["rows"].list.count == most }) { return told }
        var failure = last ?? CommandFailure(what: "there is no daemon to ask (Unreachable)")
        failure.next = failure.next ?? next
        throw failure
    }
}
