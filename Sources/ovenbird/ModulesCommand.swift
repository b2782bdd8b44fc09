import ArgumentParser
import Model

struct ModulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modules", abstract: "The features, and switching them on and off.",
        subcommands: [List.self, Show.self, Enable.self, Disable.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the modules, over all nodes.")
        @OptionGroup var target: TargetOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let answers = try target.ask("/modules")
            let modules = Module.merged(answers)
            let all: JSON = [
                "apiVersion": "ovenbird.io/v1", "kind": "ModuleList", "complete": .boolean(answers.isComplete),
                "items": .array(
                    answers.flatMap { node, answer in
                        answer["items"].list.map { item in
                            guard case .object(var object) = item else { return item }
                            object["node"] = .string(node)
                            return .object(object)
                        }
                    }),
            ]
            output.print(
                all,
                as: { isWide in
                    var table = TextTable("MODULE", "STATE", "CELLS", "ROWS", "FAILED", isWide ? "STAGE" : "NOTE")
                    if isWide { table.headers.append("SUMMARY") }
                    table.rows = modules.map { module in
                        let figures = ["\(module.cells)", "\(module.rows)", "\(module.problems.count)"]
                        let isOff = module.on == 0
                        return [module.name, module.state(of: answers.count)] + (isOff ? ["-", "-", "-"] : figures)
                            + (isWide ? [module.stage, module.summary] : [module.note])
                    }
                    return table
                }, names: { modules.map(\.name) })
            try answers.mustBeComplete()
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a module is, what it reads, publishes and writes.",
            discussion: "EXAMPLE:\n  ovenbird modules show services")
        @Argument var name: String
        @OptionGroup var target: TargetOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let answers = try target.ask("/modules")
            let known = answers.flatMap { $0.answer["items"].list }
            guard let item = known.first(where: { $0["name"].text == name }) else {
                let hint = nearest(to: name, in: known.map { $0["name"].text }).map { "; did you mean \($0)?" } ?? ""
                throw CommandFailure(
                    what: "there is no module \(name) (NotFound)\(hint)", next: "ovenbird modules", exitCode: 1)
            }
            output.print(
                item,
                as: { _ in
                    var table = TextTable("FIELD", "VALUE")
                    for key in ["name", "stage", "summary"] { table.add(key, item[key].text) }
                    for key in ["reads", "publishes", "writes"] {
                        table.add(key, item[key].list.map { Optional($0).text }.joined(separator: " "))
                    }
                    return table
                }, names: { [name] })
        }
    }

    struct Enable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Switches a module on, until the daemon restarts.")
        @Argument var name: String
        @OptionGroup var target: TargetOptions
        func run() throws {
            try switchModule(name, on: true, target)
            print("\(Mark.ok) \(name) is on")
        }
    }

    struct Disable: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switches a module off, until the daemon restarts: its rows go, and no others.")
        @Argument var name: String
        @Flag(help: "Does it without being asked again.") var yes = false
        @OptionGroup var target: TargetOptions

        func run() throws {
            let rows = try target.ask("/rows?owner=\(escaped(name))").reduce(0) { $0 + $1.answer["items"].list.count }
            guard yes || confirmed("\(name) makes \(rows) rows, which go. Switch it off?") else {
                throw CommandFailure(
                    what: "\(name) makes \(rows) rows, which would go (NotConfirmed)",
                    kept: "everything as it is", next: "ovenbird modules disable \(name) --yes", exitCode: 2)
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

/// A module over all nodes.
private struct Module {
    let name: String
    let stage: String
    let summary: String
    var on = 0
    var cells = 0
    var rows = 0
    var problems: [JSON] = []

    static func merged(_ answers: Answers) -> [Module] {
        var modules: [Module] = []
        for item in answers.flatMap({ $0.answer["items"].list }) {
            let name = item["name"].text
            let place = modules.firstIndex { $0.name == name } ?? modules.count
            if place == modules.count {
                modules.append(Module(name: name, stage: item["stage"].text, summary: item["summary"].text))
            }
            modules[place].on += item["on"].isTrue ? 1 : 0
            modules[place].cells += item["cells"].number
            modules[place].rows += item["rows"].number
            modules[place].problems += item["problems"].list
        }
        return modules
    }

    func state(of count: Int) -> String { on == count ? "on" : on == 0 ? "off" : "on \(on)/\(count)" }

    var note: String {
        problems.first.map { "\($0["object"].text): \($0["message"].text)" } ?? ""
    }
}
