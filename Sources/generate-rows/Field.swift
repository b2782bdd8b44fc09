/// One column of a row type, in Swift's terms.
struct Field {
    enum Shape: String {
        case scalar, set, map
    }

    let column: String
    let shape: Shape
    let shared: Bool
    /// The type of a value, or of the values of a map.
    let element: String
    /// The type of the keys of a map.
    let keys: String
    /// The table that the values of a map refer to.
    let target: String?
    /// The name and the cases of the enumeration, where the schema names the choices.
    let enumeration: (name: String, choices: [String])?

    /// Nil for a reference to a table that has no row type: nobody could write such a column.
    init?(_ column: String, _ type: ColumnType, _ selection: Selection, _ source: Source) {
        func swift(_ base: Base) -> String? {
            if let table = base.refTable {
                return source.tables.first { $0.table == table }.map { "RowRef<\($0.swiftName)>" }
            }
            return ["string": "String", "integer": "Int", "boolean": "Bool", "real": "Double"][base.type]
        }
        guard let key = swift(type.key) else { return nil }
        self.column = column
        shared = selection.shared.contains(column)
        target = type.value?.refTable
        shape = type.isScalar ? .scalar : type.value == nil ? .set : .map
        if let value = type.value {
            guard let value = swift(value) else { return nil }
            (element, keys, enumeration) = (value, key, nil)
        } else if !type.key.choices.isEmpty {
            let singular = shape == .set && column.hasSuffix("s") ? String(column.dropLast()) : column
            let name = selection.enumerations[column] ?? Field.camel(singular, capital: true)
            (element, keys, enumeration) = (name, "", (name, type.key.choices))
        } else {
            (element, keys, enumeration) = (key, "", nil)
        }
    }

    var name: String { Field.camel(column) }
    /// The name where it is used as a variable.
    var variable: String { Field.reserved.contains(name) ? "`\(name)`" : name }

    var type: String {
        switch shape {
        case .scalar: "\(element)?"
        case .set: "[\(element)]?"
        case .map: "[\(keys): \(element)]?"
        }
    }

    func encode(at index: Int) -> String {
        switch shape {
        case .scalar: "columns.scalar(\(index), \(variable))"
        case .set: "columns.set(\(index), \(variable))"
        case .map where keys == "String" && element == "String": "columns.map(\(index), \(variable))"
        case .map: "columns.map(\(index), \(variable)?.texts)"
        }
    }

    /// The same column of a row that is known by reference only; none for scalars.
    func reference(at index: Int) -> String? {
        switch shape {
        case .scalar: nil
        case .set: "public var \(variable): SetColumn<\(qualified)> { SetColumn(row, \(index)) }"
        case .map: "public var \(variable): MapColumn { MapColumn(row, \(index)) }"
        }
    }

    private var qualified: String { enumeration == nil ? element : "R.\(element)" }

    private static let reserved: Set<String> = ["protocol", "default", "in", "is", "as", "for", "where", "switch"]

    static func camel(_ text: String, capital: Bool = false) -> String {
        let words = text.split { $0 == "_" || $0 == "-" }.map { $0.lowercased() }
        let joined = words.enumerated().map { index, word in
            index == 0 && !capital ? word : word.prefix(1).uppercased() + word.dropFirst()
        }.joined()
        return joined == "externalIds" ? "externalIDs" : joined
    }

    /// `allow-related` as a case: `allowRelated`. OpenFlow versions keep their spelling but for the first letter.
    static func label(_ choice: String) -> String {
        let name =
            choice.contains("-") || choice.contains("_")
            ? camel(choice) : choice.prefix(1).lowercased() + choice.dropFirst()
        return reserved.contains(name) ? "`\(name)`" : name
    }
}
