/// The type of a column.
public struct ColumnType: Hashable, Sendable {
    public enum Base: String, Hashable, Sendable {
        case integer, real, boolean, string, uuid
    }

    /// What a reference keeps alive.
    public enum Strength: Hashable, Sendable {
        case strong, weak
    }

    public struct Part: Hashable, Sendable {
        public var base: Base
        /// The table that a reference points to.
        public var table: String?
        public var strength = Strength.strong

        var zero: Atom {
            switch base {
            case .integer: .integer(0)
            case .real: .real(0)
            case .boolean: .boolean(false)
            case .string: .string("")
            case .uuid: .uuid(RowUUID(high: 0, low: 0))
            }
        }
    }

    public var key: Part
    public var value: Part?
    public var min = 1
    /// `Int.max` when unlimited.
    public var max = 1

    public var isScalar: Bool { value == nil && min == 1 && max == 1 }

    /// What the server puts into a column that an insert does not name.
    public var initial: Datum {
        if value != nil { return .map([:]) }
        return min == 1 && max == 1 ? .scalar(key.zero) : .set([])
    }
}

public struct ColumnSchema: Hashable, Sendable {
    public let name: String
    public let type: ColumnType
    /// Whether it may change after the row was inserted.
    public let isMutable: Bool
}

public struct TableSchema: Hashable, Sendable {
    public let name: String
    public let columns: [String: ColumnSchema]
    /// A row that is no root lives only while a strong reference points to it.
    public let isRoot: Bool
    /// The most rows it may have.
    public let maxRows: Int
}

/// What a server says a database looks like.
public struct DatabaseSchema: Hashable, Sendable {
    public let name: String
    public let version: String
    public let tables: [String: TableSchema]

    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    public init(_ json: JSONValue) throws(Malformed) {
        guard let name = json["name"]?.text, let tables = json["tables"]?.members else {
            throw Malformed(description: "the schema has no name or no tables")
        }
        var parsed: [String: TableSchema] = [:]
        // A schema in which no table says isRoot is one of the time before garbage collection: all are roots.
        let saysRoot = tables.values.contains { $0["isRoot"] != nil }
        for (table, body) in tables {
            var columns: [String: ColumnSchema] = [:]
            for (column, definition) in body["columns"]?.members ?? [:] {
                guard let type = ColumnType(definition["type"]) else {
                    throw Malformed(description: "the schema's \(table).\(column) has no type that is known")
                }
                columns[column] = ColumnSchema(
                    name: column, type: type, isMutable: definition["mutable"] != .boolean(false))
            }
            parsed[table] = TableSchema(
                name: table, columns: columns, isRoot: !saysRoot || body["isRoot"] == .boolean(true),
                maxRows: body["maxRows"]?.number ?? .max)
        }
        self.name = name
        version = json["version"]?.text ?? ""
        self.tables = parsed
    }
}

extension ColumnType {
    init?(_ json: JSONValue?) {
        guard let json else { return nil }
        if let part = Part(json), json.text != nil {
            self.init(key: part)
            return
        }
        guard let key = Part(json["key"]) else { return nil }
        if let value = json["value"] {
            guard let value = Part(value) else { return nil }
            self.init(key: key, value: value)
        } else {
            self.init(key: key)
        }
        min = json["min"]?.number ?? 1
        max = json["max"]?.text == "unlimited" ? .max : json["max"]?.number ?? 1
    }
}

extension ColumnType.Part {
    init?(_ json: JSONValue?) {
        guard let name = json?.text ?? json?["type"]?.text, let base = ColumnType.Base(rawValue: name) else {
            return nil
        }
        self.init(
            base: base, table: json?["refTable"]?.text, strength: json?["refType"]?.text == "weak" ? .weak : .strong)
    }
}
