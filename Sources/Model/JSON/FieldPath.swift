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
