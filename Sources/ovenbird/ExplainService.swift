import ArgumentParser
import Model

struct ExplainService: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Which endpoints of a service are used, and why others are not.",
        discussion: "EXAMPLE:\n  ovenbird explain service shop/web --node n1")

    @Argument(help: "NAMESPACE/NAME.") var service: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (node, answer) = try target.firstThatKnows(
            "/service?id=\(escaped(service))", "service \(service)", next: "ovenbird objects --kind Service")
        let object = answer["object"]
        let problems = (object?["problems"]).list
        let rows = answer["rows"].list
        if output.output == .table { describe(answer, on: node, rows) }
        output.print(
            answer,
            as: { _ in
                var table = TextTable("PORT", "ENDPOINT", "NODE", "USED", "WHY")
                table.rows = answer["endpoints"].list.map { endpoint in
                    [
                        endpoint["port"].text, endpoint["endpoint"].text, endpoint["node"].text,
                        endpoint["used"].isTrue ? Mark.ok : Mark.failed, endpoint["reason"].text,
                    ]
                }
                return table
            }, names: { rows.map { $0["row"].text } })
        if !problems.isEmpty { throw ExitCode(1) }
    }

    private func describe(_ answer: JSON, on node: String, _ rows: [JSON]) {
        let addresses = answer["addresses"].list.map { Optional($0).text }.joined(separator: " ")
        let seconds = answer["affinity"].text
        let affinity = seconds == "0" ? "" : " · clients stay until \(seconds) s of silence"
        print("\(service) on \(node) · \(answer["type"].text) \(addresses)\(affinity)")
        for problem in (answer["object"]?["problems"]).list {
            print("\(Mark.attention) \(problem["message"].text) (\(problem["reason"].text))")
        }
        for row in rows where row["table"].text == "Object" {
            for event in (row["columns"]?["events"]).list {
                guard let text = try? JSON(parsing: Optional(event).text) else { continue }
                print("\(Mark.attention) \(text["message"].text) (\(text["reason"].text))")
            }
        }
        for row in rows where row["table"].text == "Load_Balancer" {
            print(row["key"].text)
            for (address, backends) in (row["columns"]?["vips"]).members {
                let text = Optional(backends).text
                print("  \(address) → \(text.isEmpty ? "refused: no endpoint" : text)")
            }
        }
        let flows = rows.count { $0["table"].text == "Flow" }
        print("\(rows.count) rows, \(flows) of them flows: ovenbird explain object Service/\(service)\n")
    }
}
