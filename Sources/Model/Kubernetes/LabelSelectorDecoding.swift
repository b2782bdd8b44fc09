public import Core

extension LabelSelector {
    /// Reads a selector; an absent one selects everything.
    public init(_ cursor: JSONCursor) throws(Rejection) {
        let (selector, faults) = Self.read(cursor)
        if let first = faults.first { throw first }
        self = selector
    }

    /// Reads what can be read. A requirement that cannot is left out, so the selector selects more, never less.
    public static func read(_ cursor: JSONCursor) -> (selector: LabelSelector, faults: [Rejection]) {
        var requirements: [Requirement] = []
        var faults: [Rejection] = []
        do throws(Rejection) {
            for (key, value) in try cursor["matchLabels"].members() {
                do throws(Rejection) {
                    let text = try value.string()
                    try LabelSyntax.check(key: key, at: value)
                    try LabelSyntax.check(value: text, at: value)
                    requirements.append(Requirement(key, .in, [text]))
                } catch { faults.append(error) }
            }
        } catch { faults.append(error) }
        do throws(Rejection) {
            for expression in try cursor["matchExpressions"].elements() {
                do throws(Rejection) { requirements.append(try Requirement(expression)) } catch {
                    faults.append(error)
                }
            }
        } catch { faults.append(error) }
        return (LabelSelector(requirements), faults)
    }
}

extension LabelSelector.Requirement {
    init(_ cursor: JSONCursor) throws(Rejection) {
        let key = try cursor["key"].string()
        try LabelSyntax.check(key: key, at: cursor["key"])
        let word: LabelSelector.Operator = try cursor["operator"].choice()
        let values = try cursor["values"].strings()
        for value in values { try LabelSyntax.check(value: value, at: cursor["values"]) }
        switch word {
        case .in, .notIn:
            guard !values.isEmpty else {
                throw cursor["values"].rejection("MissingField", "is missing; \(word.rawValue) needs values")
            }
        case .exists, .doesNotExist:
            guard values.isEmpty else {
                throw cursor["values"].rejection("BadValue", "must be absent; \(word.rawValue) takes no values")
            }
        }
        self.init(key, word, values)
    }
}

extension Fields {
    public static let labelSelector = Fields.object([
        "matchLabels": .any, "matchExpressions": .list(.members("key", "operator", "values")),
    ])
}
