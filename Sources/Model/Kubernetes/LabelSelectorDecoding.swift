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
                    requirements.append(
                        Requirement(try Requirement.key(key, value), .in, [try Requirement.value(value)]))
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
        let key = try Self.key(cursor["key"].string(), cursor["key"])
        let word: LabelSelector.Operator = try cursor["operator"].choice()
        var values: [String] = []
        for value in try cursor["values"].elements() { values.append(try Self.value(value)) }
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

    /// A key that no label can have selects nothing, and its author would never learn why.
    static func key(_ text: String, _ cursor: JSONCursor) throws(Rejection) -> String {
        if let fault = LabelSyntax.fault(inKey: text) { throw cursor.rejection("BadLabel", fault) }
        return text
    }

    static func value(_ cursor: JSONCursor) throws(Rejection) -> String {
        let text = try cursor.string()
        if let fault = LabelSyntax.fault(inValue: text) { throw cursor.rejection("BadLabel", fault) }
        return text
    }
}

extension Fields {
    public static let labelSelector = Fields.object([
        "matchLabels": .any, "matchExpressions": .list(.members("key", "operator", "values")),
    ])
}
