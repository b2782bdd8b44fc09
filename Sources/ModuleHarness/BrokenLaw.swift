/// A law of modules that does not hold, or a harness that cannot be built; the text says which and how.
public struct BrokenLaw: Error, CustomStringConvertible {
    public let law: String
    public let detail: String

    public init(_ law: String, _ detail: String = "") {
        self.law = law
        self.detail = detail
    }

    public var description: String { detail.isEmpty ? law : "\(law):\n\(detail)" }
}

/// The lines that differ, as `- expected` and `+ actual`.
func difference(_ expected: String, _ actual: String) -> String {
    let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
    var lines: [String] = []
    let changes = Array(new).difference(from: old)
    for change in changes {
        switch change {
        case .remove(_, let line, _): lines.append("- \(line)")
        case .insert(_, let line, _): lines.append("+ \(line)")
        }
    }
    return lines.joined(separator: "\n")
}
