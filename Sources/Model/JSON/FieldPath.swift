/// The way to a field from the root of an object: `spec.containers[0].name`.
public indirect enum FieldPath: Hashable, Sendable, CustomStringConvertible {
    /// Where the way begins; empty for a whole object.
    case root(String)
    case member(FieldPath, String)
    case element(FieldPath, Int)

    public var description: String {
        switch self {
        case .root(let text): return text
        case .element(let parent, let index): return "\(parent)[\(index)]"
        case .member(let parent, let key):
            let isPlain =
                !key.isEmpty
                && key.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
                        || byte == 45
                }
            let start = parent.description
            guard isPlain else { return "\(start)[\(JSON.string(key).text())]" }
            return start.isEmpty ? key : "\(start).\(key)"
        }
    }
}

extension FieldPath {
    /// One step on the way.
    public enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
    }

    /// The steps of a path as `description` writes it; what is no path ends the way.
    public static func steps(of text: String) -> [Step] {
        var steps: [Step] = []
        var rest = text[...]
        while let first = rest.first {
            if first == "[" {
                guard let step = bracket(&rest) else { return steps }
                steps.append(step)
            } else {
                if first == "." { rest.removeFirst() }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { return steps }
                steps.append(.member(String(name)))
                rest = rest[name.endIndex...]
            }
        }
        return steps
    }

    /// `[3]` or `["key"]`.
    private static func bracket(_ rest: inout Substring) -> Step? {
        let inside = rest.dropFirst()
        guard inside.first == "\"" else {
            guard let end = inside.firstIndex(of: "]"), let index = Int(inside[..<end]) else { return nil }
            rest = inside[inside.index(after: end)...]
            return .element(index)
        }
        var end = inside.index(after: inside.startIndex)
        while end < inside.endIndex, inside[end] != "\"" {
            if inside[end] == "\\" { end = inside.index(after: end) }
            if end < inside.endIndex { end = inside.index(after: end) }
        }
        guard end < inside.endIndex, case .string(let key) = try? JSON(parsing: inside[...end]),
            inside[end...].dropFirst().first == "]"
        else { return nil }
        rest = inside[end...].dropFirst(2)
        return .member(key)
    }
}
