import ArgumentParser
import Model

/// What a daemon knows of one object, for people.
struct Explanation {
    let node: String
    let answer: JSON

    static func show(_ object: String, _ target: TargetOptions, _ output: OutputOptions) throws {
        let (node, answer) = try target.mostTold("/object?id=\(escaped(object))", next: "ovenbird objects")
        try Explanation(node: node, answer: answer).print(output)
    }

    /// `Service/shop/web`.
    private var object: String {
        ["kind", "namespace", "name"].map { (answer["object"]?[$0]).text }.filter { !$0.isEmpty }
            .joined(separator: "/")
    }

    private var problems: [JSON] { (answer["object"]?["problems"]).list }
    private var rows: [JSON] { answer["rows"].list }
    private var descriptions: [JSON] { answer["descriptions"].list }

    /// Exits with 1 when something is wrong with the object.
    func print(_ output: OutputOptions) throws {
        let isText = output.output == .table || output.output == .wide
        if isText { Swift.print(head + said, terminator: "") }
        let isWhole = descriptions.isEmpty || output.output == .wide
        if isText && !isWhole {
            Swift.print("\(rows.count) rows: ovenbird rows --owner \(object) --node \(node), or -o wide here")
        } else {
            output.print(answer, as: { _ in table }, names: { rows.map { $0["row"].text } })
        }
        if !problems.isEmpty { throw ExitCode(1) }
    }

    private var head: String {
        var words = ["\(object) on \(node)", (answer["object"]?["state"]).text]
        if let port = answer["port"], port != .null {
            words.append(port["addresses"].list.map { Optional($0).text }.joined(separator: " "))
            words.append(port["mac"].text)
        }
        var lines = [words.joined(separator: " · ")]
        for problem in problems {
            let field = problem["field"].text
            lines.append(
                "\(Mark.attention) \(field.isEmpty ? "" : "\(field): ")\(problem["message"].text) "
                    + "(\(problem["reason"].text))")
        }
        if !problems.isEmpty {
            let isPart = problems.allSatisfy { $0["what"].text == "partial" }
            lines.append(
                "kept: \(isPart ? "the rest of it is in force" : "the last good rows") · next: correct the object")
        }
        return lines.map { "\($0)\n" }.joined()
    }

    /// What the modules say.
    private var said: String {
        var text = ""
        for description in descriptions {
            let headline = description["headline"].list.map { Optional($0).text }.joined(separator: " · ")
            text += "\(description["module"].text): \(headline)\n"
            for note in description["notes"].list { text += "\(Mark.attention) \(Optional(note).text)\n" }
            for sheet in description["sheets"].list {
                var table = TextTable()
                table.headers = sheet["columns"].list.map { Optional($0).text }
                table.rows = sheet["rows"].list.map { row in Optional(row).list.map { Optional($0).text } }
                text += "\n\(sheet["title"].text)\n\(table.text())"
            }
            text += "\n"
        }
        return text
    }

    private var table: TextTable {
        var table = TextTable("ROW", "MODULE", "STATE")
        table.rows = rows.map { row in
            [
                row["row"].text, (row["owners"].list.first?["module"]).text,
                row["refused"].map { "refused: \(Optional($0).text)" } ?? "ok",
            ]
        }
        return table
    }
}
