extension JSON {
    public enum Style: Sendable {
        /// One line without blanks.
        case compact
        /// Two blanks per level, one member a line.
        case pretty
    }

    /// The value as JSON text; with `sorted` the members of every object come by key.
    public func text(_ style: Style = .compact, sorted: Bool = false) -> String {
        var text = ""
        write(to: &text, style: style, sorted: sorted, level: 0)
        return text
    }

    private func write(to text: inout String, style: Style, sorted: Bool, level: Int) {
        switch self {
        case .null: text += "null"
        case .boolean(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .real(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.quote(value, to: &text)
        case .array(let elements):
            Self.list(elements, "[", "]", to: &text, style: style, level: level) { element, text in
                element.write(to: &text, style: style, sorted: sorted, level: level + 1)
            }
        case .object(let object):
            let keys = sorted ? object.keys.sorted() : object.keys
            Self.list(keys, "{", "}", to: &text, style: style, level: level) { key, text in
                Self.quote(key, to: &text)
                text += style == .compact ? ":" : ": "
                (object[key] ?? .null).write(to: &text, style: style, sorted: sorted, level: level + 1)
            }
        }
    }

    private static func list<T>(
        _ items: [T], _ open: String, _ close: String, to text: inout String, style: Style, level: Int,
        _ write: (T, inout String) -> Void
    ) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if style == .pretty { text += "\n" + String(repeating: "  ", count: level + 1) }
            write(item, &text)
        }
        if style == .pretty, !items.isEmpty { text += "\n" + String(repeating: "  ", count: level) }
        text += close
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSON: CustomStringConvertible {
    public var description: String { text() }
}
