import ArgumentParser
import Lab
import Model

/// Every service is asked from everywhere, with real packets.
struct CheckServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "Asks every service from every pod, node and the outside, and shows who is answered.",
        discussion: """
            EXAMPLES:
              ovenbird check services
              ovenbird check services -o json

            Servers say their pod's name first. A service that keeps its clients for a few seconds is asked for twice \
            that time, and must have forgotten them after silence. Exits with 1 when something is not as it should be.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var check = try ServiceCheck(try LabProbe(try Labs.pick(target.lab)))
        guard !check.names.isEmpty else {
            throw CommandFailure(what: "the lab has no service that takes packets (NotFound)", exitCode: 1)
        }
        let clock = ContinuousClock()
        let start = clock.now
        let cells = try await check.run()
        let keeping = try await check.keeping()
        let time = clock.now - start
        let wrong = cells.filter { !$0.isRight }
        let isRight = wrong.isEmpty && keeping.allSatisfy(\.isRight)
        if output.output == .json || output.output == .yaml {
            output.print(json(cells, keeping), as: { _ in TextTable() }, names: { [] })
        } else {
            print(ServicesTable(places: check.places(), cells: cells).text(), terminator: "")
            for cell in wrong {
                print("\(Mark.failed) \(cell.from) to \(cell.service) by \(cell.to): \(Self.words(cell))")
            }
            if !keeping.isEmpty { print("\n" + Self.table(keeping).text(), terminator: "") }
            let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
            let right = cells.count - wrong.count + keeping.count { $0.isRight }
            print("\(right) of \(cells.count + keeping.count) right in \(tenths(seconds)) s")
        }
        if !isRight { throw ExitCode(1) }
    }

    private static func words(_ cell: ServiceCheck.Cell) -> String {
        let seen = cell.answer.map { "answered by \($0)" } ?? (cell.isRefused ? "refused" : "no answer")
        return "\(seen), not \(cell.expected.isEmpty ? "refused" : cell.expected.joined(separator: " or "))"
    }

    private static func table(_ keeping: [ServiceCheck.Keeping]) -> TextTable {
        var table = TextTable("KEPT CLIENT", "ASKS", "EVERY", "ANSWERED BY", "KEPT FOR", "AFTER SILENCE")
        for one in keeping {
            table.add(
                one.from, "\(one.service) \(one.to)", "\(one.pause) s",
                one.answers.map { $0 ?? "nobody" }.joined(separator: " "),
                "\(one.isOneBackend && one.wasKnown ? Mark.ok : Mark.failed) \(one.lasted) s of \(one.timeout) s",
                one.isForgotten ? "\(Mark.ok) forgotten" : "\(Mark.failed) still known")
        }
        return table
    }

    private func json(_ cells: [ServiceCheck.Cell], _ keeping: [ServiceCheck.Keeping]) -> JSON {
        [
            "apiVersion": "ovenbird.io/v1", "kind": "ServiceCheck", "complete": true,
            "healthy": .boolean(cells.allSatisfy(\.isRight) && keeping.allSatisfy(\.isRight)),
            "items": .array(
                cells.map { cell in
                    [
                        "from": .string(cell.from), "service": .string(cell.service), "to": .string(cell.to),
                        "family": .integer(cell.family.rawValue),
                        "expected": .array(cell.expected.map { .string($0) }),
                        "answer": cell.answer.map { .string($0) } ?? .null, "refused": .boolean(cell.isRefused),
                        "right": .boolean(cell.isRight),
                    ]
                }),
            "keeping": .array(
                keeping.map { one in
                    [
                        "from": .string(one.from), "service": .string(one.service), "to": .string(one.to),
                        "timeout": .integer(one.timeout), "lasted": .integer(one.lasted),
                        "answers": .array(one.answers.map { $0.map { .string($0) } ?? .null }),
                        "forgotten": .boolean(one.isForgotten), "right": .boolean(one.isRight),
                    ]
                }),
        ]
    }
}

/// A line per place that asks, two columns per service: the cluster's address, and the port of all nodes.
struct ServicesTable {
    let places: [String]
    let cells: [ServiceCheck.Cell]

    private struct Column: Hashable {
        let service: String
        let what: String
    }

    private var columns: [Column] {
        var seen: [Column] = []
        for cell in cells {
            let column = Column(service: cell.service, what: cell.what)
            if !seen.contains(column) { seen.append(column) }
        }
        return seen
    }

    func text() -> String {
        let columns = columns
        var table = TextTable()
        table.headers = ["FROM \\ SERVICE"] + columns.map { "\($0.service) \($0.what)" }
        for place in places { table.rows.append([place] + columns.map { cell(place, $0) }) }
        return table.text()
            + "\(Mark.ok) answered by who should (4 IPv4, 6 IPv6), \(Mark.failed) not · refused: rightly\n"
    }

    private func cell(_ from: String, _ column: Column) -> String {
        let own = cells.filter { $0.from == from && $0.service == column.service && $0.what == column.what }
        if own.isEmpty { return "·" }
        let marks = Set(own.map(\.family)).sorted().map { family in
            let right = own.filter { $0.family == family }.allSatisfy(\.isRight)
            return "\(family.rawValue)\(right ? Mark.ok : Mark.failed)"
        }.joined(separator: " ")
        return marks + (own.allSatisfy { $0.expected.isEmpty } ? " refused" : "")
    }
}
