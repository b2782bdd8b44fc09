import Core

extension Dictionary where Key: ColumnElement, Value: ColumnElement {
    /// The entries as a map column carries them: a reference is the key of its row.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in self { texts[Self.text(key)] = Self.text(value) }
        return texts
    }

    private static func text(_ element: some ColumnElement) -> String {
        if case .row(let row) = element.value { row.key } else { element.value.description }
    }
}
