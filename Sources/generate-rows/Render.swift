/// The Swift texts of one database's row types.
struct Render {
    let source: Source
    let schema: Schema

    enum Problem: Error {
        case noTable(String, file: String)
        case noColumn(String, table: String)
    }

    /// The files, by name.
    func files() throws -> [(name: String, text: String)] {
        var files = try source.tables.map { selection in
            (name: selection.swiftName, text: try text(rowType(selection)))
        }
        let list = source.tables.map { "            \($0.swiftName).table," }.joined(separator: "\n")
        let tables = """
            extension Table {
                /// The tables of the \(source.plane) database that have row types.
                public static var \(source.plane): [Table] {
                    [
            \(list)
                    ]
                }
            }
            """
        files.append((name: "\(source.folder)Tables", text: text([tables])))
        return files
    }

    private func text(_ blocks: [String]) -> String {
        let head = """
            // Written by generate-rows from the schema \(schema.name) \(schema.version). Do not edit:
            // change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

            import Core
            """
        return ([head] + blocks).joined(separator: "\n\n") + "\n"
    }

    private func fields(_ selection: Selection) throws -> [Field] {
        guard let table = schema.tables[selection.table] else {
            throw Problem.noTable(selection.table, file: source.schema)
        }
        let columns = table.columns.mapValues(\.type).merging(selection.newer) { $0.adding($1) }
        let named = (selection.only ?? []) + selection.without + selection.shared
        for column in named where columns[column] == nil {
            throw Problem.noColumn(column, table: selection.table)
        }
        return columns.keys.sorted().compactMap { column in
            guard selection.only?.contains(column) ?? true, !selection.without.contains(column) else { return nil }
            return columns[column].flatMap { Field(column, $0, selection, source) }
        }
    }

    private func rowType(_ selection: Selection) throws -> [String] {
        let fields = try fields(selection)
        let name = selection.swiftName
        var lines = ["/// A row of `\(selection.table)`\(note(selection)).", "public struct \(name): Row, Hashable {"]
        for field in fields { lines += enumeration(field) }
        lines += table(selection, fields)
        lines += ["    public let key: RowKey"]
        lines += fields.map { "    public var \($0.variable): \($0.type)" }
        lines += ["", "    public init("]
        let parameters = ["key: RowKey"] + fields.map { "\($0.name): \($0.type) = nil" }
        lines += parameters.enumerated().map { "        \($1)\($0 == parameters.count - 1 ? "" : ",")" }
        lines += ["    ) {", "        self.key = key"]
        lines += fields.map { "        self.\($0.name) = \($0.variable)" }
        lines += ["    }", "", "    public func encode(into columns: inout ColumnWriter) {"]
        lines += fields.enumerated().map { "        \($1.encode(at: $0))" }
        lines += ["    }", "}"]
        let references = fields.enumerated().compactMap { $1.reference(at: $0) }
        guard !references.isEmpty else { return [lines.joined(separator: "\n")] }
        let body = references.map { "    \($0)" }.joined(separator: "\n")
        return [lines.joined(separator: "\n"), "extension RowRef where R == \(name) {\n\(body)\n}"]
    }

    private func note(_ selection: Selection) -> String {
        switch selection.identity {
        case _ where selection.borrowed: ", which others make"
        case .columns(let names): ", known by \(names.map { "`\($0)`" }.joined(separator: " and "))"
        default: ""
        }
    }

    private func enumeration(_ field: Field) -> [String] {
        guard let (name, choices) = field.enumeration else { return [] }
        let cases = choices.map { choice in
            let label = Field.label(choice)
            return "        case \(label)" + (label == choice ? "" : " = \"\(choice)\"")
        }
        return ["    public enum \(name): String, ColumnElement, CaseIterable {"] + cases
            + ["        public var value: Value { .string(rawValue) }", "    }", ""]
    }

    private func table(_ selection: Selection, _ fields: [Field]) -> [String] {
        let columns = fields.map { field in
            "            .init(\"\(field.column)\", .\(field.shape.rawValue)\(field.shared ? ", .shared" : "")"
                + (field.target.map { ", to: \"\($0)\"" } ?? "") + "),"
        }
        let identity =
            switch selection.identity {
            case .tag: ".tag"
            case .singleton: ".singleton"
            case .columns(let names): ".columns([\(names.map { "\"\($0)\"" }.joined(separator: ", "))])"
            }
        return [
            "    public static let table = Table(",
            "        plane: PlaneName.\(source.plane), name: \"\(selection.table)\",",
            "        columns: [",
        ] + columns + [
            "        ],",
            "        identity: \(identity), ownership: .\(selection.borrowed ? "borrowed" : "owned"))",
            "",
        ]
    }
}
