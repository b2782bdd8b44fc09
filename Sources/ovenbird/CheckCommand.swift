import ArgumentParser
import Lab
import Model

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tries things out.",
        subcommands: [CheckNetworkCommand.self, CheckServicesCommand.self],
        defaultSubcommand: CheckNetworkCommand.self)
}

/// Every pair of places is tried, with real packets.
struct CheckNetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "Tries every pair of pods, nodes and the outside, and shows who reaches whom.",
        discussion: """
            EXAMPLES:
              ovenbird check network
              ovenbird check network --port 8080       every pod answers there on TCP
              ovenbird check network -o json

            Exits with 1 when a cell of the table is not as it should be.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("A TCP port that all pods answer on.", valueName: "number")) var port: Int?

    func run() async throws {
        let probe = try LabProbe(try Labs.pick(target.lab))
        let check = NetworkCheck(probe, port: port)
        let clock = ContinuousClock()
        let start = clock.now
        let cells = try await check.run()
        let time = clock.now - start
        let wrong = cells.filter { !$0.isRight }
        if output.output == .json || output.output == .yaml {
            output.print(json(cells), as: { _ in TextTable() }, names: { [] })
        } else {
            print(NetworkTable(places: try check.places(), cells: cells).text(), terminator: "")
            for cell in wrong {
                print(
                    "\(Mark.failed) \(cell.kind) \(cell.from) to \(cell.to) over \(cell.family): "
                        + (cell.isExpected ? "should pass, does not" : "passes, should not")
                        + (cell.detail.isEmpty ? "" : " (\(cell.detail))"))
            }
            let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
            print("\(cells.count - wrong.count) of \(cells.count) right in \(tenths(seconds)) s")
        }
        if !wrong.isEmpty { throw ExitCode(1) }
    }

    private func json(_ cells: [NetworkCheck.Cell]) -> JSON {
        [
            "apiVersion": "ovenbird.io/v1", "kind": "NetworkCheck", "complete": true,
            "healthy": .boolean(cells.allSatisfy(\.isRight)),
            "items": .array(
                cells.map { cell in
                    [
                        "from": .string(cell.from), "to": .string(cell.to), "family": .integer(cell.family.rawValue),
                        "kind": .string(cell.kind), "expected": .boolean(cell.isExpected), "seen": .boolean(cell.isSo),
                        "detail": .string(cell.detail),
                    ]
                }),
        ]
    }
}

func tenths(_ seconds: Double) -> String {
    let number = Int((seconds * 10).rounded())
    return "\(number / 10).\(number % 10)"
}

/// The table of a network check: a line per place that asks, a column per place that is asked.
struct NetworkTable {
    let places: [String]
    let cells: [NetworkCheck.Cell]

    func text() -> String {
        var table = TextTable()
        table.headers = ["FROM \\ TO"] + places
        for from in places { table.rows.append([from] + places.map { cell(from, $0) }) }
        return table.text()
            + "\(Mark.ok) as it should be (4 IPv4, 6 IPv6), \(Mark.failed) not · closed: rightly unreachable\n"
            + sources()
    }

    private func cell(_ from: String, _ to: String) -> String {
        let own = cells.filter { $0.from == from && $0.to == to && $0.kind != "source" }
        if own.isEmpty { return "·" }
        let isClosed = own.allSatisfy { !$0.isExpected }
        return Set(own.map(\.family)).sorted().map { family in
            let right = own.filter { $0.family == family }.allSatisfy(\.isRight)
            return "\(family.rawValue)\(right ? Mark.ok : Mark.failed)"
        }.joined(separator: " ") + (isClosed ? " closed" : "")
    }

    /// As whom each place is seen outside.
    private func sources() -> String {
        let own = cells.filter { $0.kind == "source" }
        guard !own.isEmpty else { return "" }
        var table = TextTable("SEEN OUTSIDE", "IPv4", "IPv6", "")
        for from in places where own.contains(where: { $0.from == from }) {
            let mine = own.filter { $0.from == from }
            func seen(_ family: Family) -> String {
                mine.first { $0.family == family }?.detail.replacing("seen as ", with: "") ?? "-"
            }
            table.rows.append(
                [
                    from, seen(.v4), seen(.v6),
                    mine.allSatisfy(\.isRight) ? "\(Mark.ok) its node" : "\(Mark.failed) not its node",
                ])
        }
        return "\n" + table.text() + "\n"
    }
}
