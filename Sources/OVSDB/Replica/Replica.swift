/// What the server last said about the monitored columns.
public struct Replica: Sendable {
    public internal(set) var schema: DatabaseSchema?
    public internal(set) var tables: [String: ReplicaTable] = [:]

    public init() {}

    public subscript(_ table: String) -> ReplicaTable? { tables[table] }
}

/// The monitored columns of one table.
public struct ReplicaTable: Sendable {
    public let schema: TableSchema
    /// Sorted by name, as they come on the wire.
    public let columns: [ColumnSchema]
    public internal(set) var rows: [RowUUID: ReplicaRow] = [:]
    private let positions: [String: Int]

    init(schema: TableSchema, columns names: some Sequence<String>) {
        self.schema = schema
        columns = Set(names).sorted().compactMap { schema.columns[$0] }
        positions = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1.name, $0) })
    }

    /// Where a column stands in the rows; nil when the server has no such column or nobody asked for it.
    public func position(of column: String) -> Int? { positions[column] }

    /// The value of a column of a row.
    public func value(_ uuid: RowUUID, _ column: String) -> Datum? {
        guard let position = positions[column] else { return nil }
        return rows[uuid]?.columns[position]
    }

    var blank: ReplicaRow { ReplicaRow(columns: columns.map(\.type.initial)) }
}

public struct ReplicaRow: Hashable, Sendable {
    /// By position in the table's `columns`.
    public internal(set) var columns: [Datum]
}

/// One row that is not what it was.
public struct RowUpdate: Hashable, Sendable {
    public enum What: Hashable, Sendable {
        case inserted
        case modified([ColumnUpdate])
        case deleted(ReplicaRow)
    }

    public let table: String
    public let uuid: RowUUID
    public let what: What
}

/// What changed in a column, by its position.
public struct ColumnUpdate: Hashable, Sendable {
    public enum What: Hashable, Sendable {
        case value
        /// The members that came or went.
        case members(Set<Atom>)
        /// The keys whose entries came, went or changed.
        case keys(Set<Atom>)
    }

    public let column: Int
    public let what: What
}
