import Foundation

/// A schema file of a database, as RFC 7047 defines it.
struct Schema: Decodable {
    struct Table: Decodable {
        let columns: [String: Column]
    }

    struct Column: Decodable {
        let type: ColumnType
    }

    let name: String
    let version: String
    let tables: [String: Table]

    static func load(_ path: String) throws -> Schema {
        try JSONDecoder().decode(Schema.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

/// The type of a column: an atom, an optional, a set or a map.
struct ColumnType: Decodable {
    var key: Base
    let value: Base?
    let min: Int
    /// Nil when unlimited.
    let max: Int?

    private enum Keys: String, CodingKey { case key, value, min, max }

    init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self = ColumnType(Base(type: name))
            return
        }
        let fields = try decoder.container(keyedBy: Keys.self)
        key = try fields.decode(Base.self, forKey: .key)
        value = try fields.decodeIfPresent(Base.self, forKey: .value)
        min = try fields.decodeIfPresent(Int.self, forKey: .min) ?? 1
        let unlimited = (try? fields.decodeIfPresent(String.self, forKey: .max)) == "unlimited"
        max = unlimited ? nil : try fields.decodeIfPresent(Int.self, forKey: .max) ?? 1
    }

    /// One value.
    init(_ key: Base) { (self.key, value, min, max) = (key, nil, 1, 1) }

    var isScalar: Bool { value == nil && max == 1 }

    /// The same with the choices of another beside its own.
    func adding(_ other: ColumnType) -> ColumnType {
        var sum = self
        sum.key.choices += other.key.choices.filter { !key.choices.contains($0) }
        return sum
    }
}

/// The type of one value.
struct Base: Decodable {
    let type: String
    let refTable: String?
    var choices: [String]

    private enum Keys: String, CodingKey { case type, refTable, `enum` }

    init(type: String, refTable: String? = nil, choices: [String] = []) {
        self.type = type
        self.refTable = refTable
        self.choices = choices
    }

    init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self.init(type: name)
            return
        }
        let fields = try decoder.container(keyedBy: Keys.self)
        self.init(
            type: try fields.decode(String.self, forKey: .type),
            refTable: try fields.decodeIfPresent(String.self, forKey: .refTable),
            choices: try fields.decodeIfPresent(Choices.self, forKey: .enum)?.names ?? [])
    }
}

/// `["set", ["a", "b"]]`.
private struct Choices: Decodable {
    let names: [String]

    init(from decoder: any Decoder) throws {
        var outer = try decoder.unkeyedContainer()
        _ = try outer.decode(String.self)
        names = (try? outer.decode([String].self)) ?? []
    }
}
