import Core
import OVSDB

/// The entry of `external_ids` that marks a row as ours and holds its key.
let tagKey = "ovenbird"

/// How a table of ours lies in the server's table.
struct Layout {
    let table: Table
    let schema: TableSchema
    /// The server's columns, by position in the replica's rows.
    let columns: [ColumnSchema]
    /// Where our columns stand in the replica's rows; nil for those that the server lacks.
    let positions: [Int?]
    /// Our columns, by position in the replica's rows.
    let indexes: [Int: Int]
    /// Where `external_ids` stands.
    let tag: Int?
    /// Where the columns stand by which a row is known; empty when only the tag tells.
    let identity: [Int]
    /// Ours and may not change once the row is there.
    let fixed: [Int]

    init(_ table: Table, _ replica: ReplicaTable) {
        self.table = table
        schema = replica.schema
        columns = replica.columns
        positions = table.columns.map { replica.position(of: $0.name) }
        var indexes: [Int: Int] = [:]
        for (index, position) in positions.enumerated() { if let position { indexes[position] = index } }
        self.indexes = indexes
        tag = table.ownership == .owned ? replica.position(of: "external_ids") : nil
        if case .columns(let names) = table.identity {
            identity = names.compactMap { replica.position(of: $0) }
        } else {
            identity = []
        }
        let types = replica.columns
        fixed = positions.enumerated().compactMap { index, position in
            position.flatMap { types[$0].isMutable ? nil : index }
        }
    }

    func type(_ index: Int) -> ColumnType? { positions[index].map { columns[$0].type } }

    /// The table that a column refers to.
    func referred(_ index: Int) -> String? {
        type(index).flatMap { $0.key.table ?? $0.value?.table }
    }

    /// Whether rows are listed in the ledger, since nothing in them says that they are ours.
    var isLedgered: Bool { tag == nil && schema.isRoot && table.ownership == .owned && !identity.isEmpty }

    /// The values by which a row that is there is known, joined by a blank.
    func identity(of row: ReplicaRow) -> String? {
        if case .singleton = table.identity { return "." }
        guard !identity.isEmpty else { return nil }
        return identity.map { row.columns[$0].single.map(Self.text) ?? "" }.joined(separator: " ")
    }

    private static func text(_ atom: Atom) -> String {
        switch atom {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .real(let number): "\(number)"
        case .uuid(let uuid): "\(uuid)"
        case .named(let name): name
        }
    }
}

extension Table {
    /// The values by which a row that shall be is known: what it says of the identity columns, or else its key.
    func identity(of key: String, _ content: RowContent?) -> String? {
        guard case .columns(let names) = identity else { return identity == .singleton ? "." : nil }
        var words: [String] = []
        for name in names {
            guard let index = columns.firstIndex(where: { $0.name == name }),
                case .scalar(let value)? = content?.columns[index]
            else { return key }
            words.append(value.description)
        }
        return words.joined(separator: " ")
    }
}

/// The tables of a plane as the server has them.
struct Layouts {
    let byName: [String: Layout]
    /// How deep a table lies below those whose rows hold its rows: a holder comes before what it holds.
    let rank: [String: Int]
    /// The strong references into each table: which columns of which tables hold them.
    let holders: [String: [(table: String, column: Int)]]
    /// The row that lists what bears no tag: the singleton of the database.
    let ledger: Layout?

    init(_ tables: [Table], _ replica: Replica) {
        var byName: [String: Layout] = [:]
        var holders: [String: [(table: String, column: Int)]] = [:]
        for table in tables {
            guard let known = replica[table.name] else { continue }
            byName[table.name] = Layout(table, known)
            for (position, column) in known.columns.enumerated() {
                for part in [column.type.key, column.type.value].compactMap(\.self) where part.strength == .strong {
                    if let target = part.table { holders[target, default: []].append((table.name, position)) }
                }
            }
        }
        self.byName = byName
        self.holders = holders
        ledger = byName.values.first { $0.table.identity == .singleton && $0.schema.columns["external_ids"] != nil }
        var rank: [String: Int] = [:]
        for name in byName.keys { _ = Self.rank(name, holders, &rank) }
        self.rank = rank
    }

    private static func rank(
        _ name: String, _ holders: [String: [(table: String, column: Int)]], _ known: inout [String: Int]
    ) -> Int {
        if let rank = known[name] { return rank }
        known[name] = 0
        let above = (holders[name] ?? []).map { rank($0.table, holders, &known) + 1 }
        known[name] = above.max() ?? 0
        return above.max() ?? 0
    }

    /// Holders before what they hold, else by name: the order in which rows are tried.
    func order(_ a: RowID, _ b: RowID) -> Bool {
        let (x, y) = (rank[a.table.name] ?? 0, rank[b.table.name] ?? 0)
        return x == y ? a < b : x < y
    }
}
