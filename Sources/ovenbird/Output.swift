import ArgumentParser
import Glibc
import Model

/// How a reading command prints its answer.
struct OutputOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case table, wide, json, yaml, name }

    @Option(name: .shortAndLong, help: "table, wide, json, yaml or name (one name per line).")
    var output: Format = .table

    @Flag(help: "Leaves out the line of column names.") var noHeaders = false

    /// Prints an answer that the daemon gave as JSON.
    func print(_ answer: JSON, as table: (Bool) -> TextTable, names: () -> [String]) {
        switch output {
        case .table, .wide: Swift.print(table(output == .wide).text(headers: !noHeaders), terminator: "")
        case .json: Swift.print(answer.text(.pretty))
        case .yaml: Swift.print(YAMLText.of(answer), terminator: "")
        case .name: names().forEach { Swift.print($0) }
        }
    }
}

/// Columns of text, each as wide as its widest cell. Without a terminal nothing is shortened, so that `awk` works.
struct TextTable {
    var headers: [String]
    var rows: [[String]] = []

    init(_ headers: String...) { self.headers = headers }

    mutating func add(_ cells: String...) { rows.append(cells) }

    mutating func dropLastColumn() {
        headers.removeLast()
        rows = rows.map { $0.dropLast() }
    }

    func text(headers shown: Bool = true) -> String {
        let lines = (shown ? [headers] : []) + rows
        let widths = headers.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                let isLast = column == line.count - 1
                text += isLast ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return text + "\n"
        }.joined()
    }
}

/// Symbols that repeat what a word already says; plain letters where the locale has no better.
enum Mark {
    private static let isUnicode: Bool = {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
            return value.uppercased().contains("UTF-8") || value.uppercased().contains("UTF8")
        }
        return false
    }()

    static var ok: String { isUnicode ? "✓" : "ok" }
    static var failed: String { isUnicode ? "✗" : "x" }
    static let attention = "!"
}

/// Asks on a terminal; elsewhere nobody can answer, which is a no.
func confirmed(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
    say("\(question) [y/N]")
    return ["y", "yes"].contains(readLine()?.lowercased())
}

/// JSON as YAML: block style, strings quoted when they could be read as something else.
enum YAMLText {
    static func of(_ json: JSON) -> String { lines(json, 0).joined(separator: "\n") + "\n" }

    private static func lines(_ json: JSON, _ depth: Int) -> [String] {
        let indent = String(repeating: "  ", count: depth)
        switch json {
        case .object(let object) where !object.isEmpty:
            return object.flatMap { key, value in entry("\(indent)\(scalar(.string(key))):", value, depth + 1) }
        case .array(let list) where !list.isEmpty:
            return list.flatMap { value in
                let inner = lines(value, depth + 1)
                let first = inner[0].drop { $0 == " " }
                return ["\(indent)- \(first)"] + inner.dropFirst()
            }
        default: return [indent + scalar(json)]
        }
    }

    private static func entry(_ head: String, _ value: JSON, _ depth: Int) -> [String] {
        switch value {
        case .object(let object) where !object.isEmpty: [head] + lines(value, depth)
        case .array(let list) where !list.isEmpty: [head] + lines(value, depth)
        default: ["\(head) \(scalar(value))"]
        }
    }

    private static func scalar(_ json: JSON) -> String {
        guard case .string(let text) = json else { return json.text() }
        let isPlain =
            !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
            && text.first?.isLetter == true && !["true", "false", "null", "yes", "no", "on", "off"].contains(text)
        return isPlain ? text : json.text()
    }
}
