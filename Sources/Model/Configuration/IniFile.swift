/// A configuration file in sections, as OVN-Kubernetes writes it.
///
/// `[section]`, `key=value`, a bare `key` for true, `;` and `#` for remarks, `"…"` around a value that has any of
/// these or blanks at its ends. Names of sections and keys don't care about case.
public struct IniFile: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let section: String
        public let key: String
        public let value: String
        public let line: Int
    }

    /// A line that could not be read.
    public struct Fault: Hashable, Sendable {
        public let line: Int
        public let message: String
    }

    /// In the order of the file; of two entries with one name the later one counts.
    public private(set) var entries: [Entry] = []
    public private(set) var faults: [Fault] = []

    public init(parsing text: String) {
        var section = ""
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = Self.trimmed(raw)
            guard let first = line.first, first != ";", first != "#" else { continue }
            if first == "[" {
                guard let end = line.firstIndex(of: "]"), Self.isRemark(line[line.index(after: end)...]) else {
                    faults.append(Fault(line: index + 1, message: "a section is written [name]"))
                    continue
                }
                let name = Self.trimmed(line[line.index(after: line.startIndex)..<end])
                section = name.filter { $0 != "\"" }.lowercased()
            } else if section.isEmpty {
                faults.append(Fault(line: index + 1, message: "\(line) stands before the first [section]"))
            } else {
                read(line, section: section, number: index + 1)
            }
        }
    }

    private mutating func read(_ line: Substring, section: String, number: Int) {
        let key: Substring
        let value: String?
        if let equals = line.firstIndex(of: "=") {
            key = Self.trimmed(line[..<equals])
            value = Self.value(Self.trimmed(line[line.index(after: equals)...]))
        } else {
            key = Self.trimmed(line.prefix { $0 != ";" && $0 != "#" })
            value = "true"
        }
        guard let value else {
            faults.append(Fault(line: number, message: "the value of \(key) has a quote without its end"))
            return
        }
        guard !key.isEmpty, key.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == "." }) else {
            faults.append(Fault(line: number, message: "expected key=value, found \(line)"))
            return
        }
        entries.append(Entry(section: section, key: key.lowercased(), value: value, line: number))
    }

    /// A value without its quotes and the remark behind it; nil when a quote has no end.
    private static func value(_ text: Substring) -> String? {
        guard text.first == "\"" else { return String(trimmed(text.prefix { $0 != ";" && $0 != "#" })) }
        var result = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            switch character {
            case "\"": return isRemark(rest) ? result : nil
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                result.append(next == "n" ? "\n" : next == "t" ? "\t" : next)
            default: result.append(character)
            }
        }
        return nil
    }

    private static func isRemark(_ text: Substring) -> Bool {
        let rest = trimmed(text)
        return rest.isEmpty || rest.first == ";" || rest.first == "#"
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
