import ArgumentParser
import Model

struct ModulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modules", abstract: "The features, and switching them on and off.",
        subcommands: [List.self, Enable.self, Disable.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the modules of each daemon.")
        @OptionGroup var target: TargetOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let answers = try target.ask("/modules")
            let items = answers.flatMap { node, answer in answer["items"].list.map { (node, $0) } }
            let all: JSON = [
                "apiVersion": "ovenbird.io/v1", "kind": "ModuleList", "complete": true, "items": .array(items.map(\.1)),
            ]
            output.print(
                all,
                as: { _ in
                    var table = TextTable("NODE", "MODULE", "STATE", "STAGE", "CELLS", "FAILED", "SUMMARY")
                    table.rows = items.map { node, item in
                        [
                            node, item["name"].text, item["on"].isTrue ? "on" : "off", item["stage"].text,
                            "\(item["cells"].number)", "\(item["problems"].list.count)", item["summary"].text,
                        ]
                    }
                    return table
                }, names: { items.map { $1["name"].text } })
        }
    }

    struct Enable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Switches a module on, until the daemon restarts.")
        @Argument var name: String
        @OptionGroup var target: TargetOptions
        func run() throws { try switchModule(name, on: true, target) }
    }

    struct Disable: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switches a module off, until the daemon restarts: its rows go, and no others.")
        @Argument var name: String
        @Flag(help: "Does it without being asked again.") var yes = false
        @OptionGroup var target: TargetOptions

        func run() throws {
            let rows = try target.ask("/rows?owner=\(escaped(name))").reduce(0) { $0 + $1.answer["items"].list.count }
            guard yes else {
                throw CommandFailure(
                    what: "\(name) makes \(rows) rows, which would go (NotConfirmed)",
                    next: "ovenbird modules disable \(name) --yes", exitCode: 2)
            }
            try switchModule(name, on: false, target)
            print("\(Mark.ok) \(name) is off; it made \(rows) rows")
        }
    }
}

private func switchModule(_ name: String, on: Bool, _ target: TargetOptions) throws {
    for daemon in try target.targets() {
        _ = try daemon.get("/modules/\(escaped(name))?on=\(on)", method: "POST")
    }
}
