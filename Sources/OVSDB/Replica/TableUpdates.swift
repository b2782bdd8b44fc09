/// What a monitor says about one row, in the order of the columns on the wire.
enum RowNews {
    /// All columns but those that have their initial value.
    case whole([(column: Int, datum: Datum)])
    /// Differences: the members that come or go, the entries that come, go or change; other columns whole.
    case difference([(column: Int, datum: Datum)])
    /// All columns of a row that may have been there.
    case replacement([(column: Int, datum: Datum)])
    case deleted
}

/// The part of a monitor's reply or notification that tells of rows.
struct TableUpdates {
    var tables: [(table: String, rows: [(uuid: RowUUID, news: RowNews)])] = []

    /// Reads table updates of any of the three monitor methods.
    init(_ cursor: inout JSONCursor, _ replica: Replica) throws(BadJSON) {
        var tables: [(table: String, rows: [(uuid: RowUUID, news: RowNews)])] = []
        try cursor.object { (name, cursor) throws(BadJSON) in
            guard let table = replica.tables[name] else {
                _ = try cursor.skip()
                return
            }
            var rows: [(uuid: RowUUID, news: RowNews)] = []
            try cursor.object { (text, cursor) throws(BadJSON) in
                guard let uuid = RowUUID(text) else { throw cursor.fail("a row's uuid before this") }
                if let news = try cursor.rowNews(table) { rows.append((uuid, news)) }
            }
            tables.append((name, rows))
        }
        self.tables = tables
    }
}

extension JSONCursor {
    fileprivate mutating func rowNews(_ table: ReplicaTable) throws(BadJSON) -> RowNews? {
        var news: RowNews?
        try object { (kind, cursor) throws(BadJSON) in
            switch kind {
            case "initial", "insert": news = .whole(try cursor.row(table))
            case "modify": news = .difference(try cursor.row(table))
            case "new": news = .replacement(try cursor.row(table))
            case "delete":
                _ = try cursor.skip()
                news = .deleted
            case "old":
                _ = try cursor.skip()
                if news == nil { news = .deleted }
            default: _ = try cursor.skip()
            }
        }
        return news
    }

    private mutating func row(_ table: ReplicaTable) throws(BadJSON) -> [(column: Int, datum: Datum)] {
        var columns: [(column: Int, datum: Datum)] = []
        var next = 0
        try object { (name, cursor) throws(BadJSON) in
            let isNext = next < table.columns.count && table.columns[next].name == name
            guard let position = isNext ? next : table.position(of: name) else {
                _ = try cursor.skip()
                return
            }
            next = position + 1
            columns.append((position, try cursor.datum(table.columns[position].type)))
        }
        return columns
    }

    /// A column's value in any of its spellings.
    mutating func datum(_ type: ColumnType) throws(BadJSON) -> Datum {
        if let value = type.value {
            var entries: [Atom: Atom] = [:]
            try tagged("map") { (cursor) throws(BadJSON) in
                try cursor.array { (cursor) throws(BadJSON) in
                    try cursor.expect("[")
                    let key = try cursor.atom(type.key.base)
                    try cursor.expect(",")
                    entries[key] = try cursor.atom(value.base)
                    try cursor.expect("]")
                }
            }
            return .map(entries)
        }
        if type.isScalar { return .scalar(try atom(type.key.base)) }
        guard try peek() == UInt8(ascii: "["), try !isUUID() else { return .set([try atom(type.key.base)]) }
        var members = Set<Atom>()
        try tagged("set") { (cursor) throws(BadJSON) in
            try cursor.array { (cursor) throws(BadJSON) in members.insert(try cursor.atom(type.key.base)) }
        }
        return .set(members)
    }

    private func isUUID() throws(BadJSON) -> Bool {
        var ahead = self
        try ahead.expect("[")
        return try ahead.string() == "uuid"
    }

    private mutating func tagged(
        _ tag: String, _ body: (inout JSONCursor) throws(BadJSON) -> Void
    ) throws(BadJSON) {
        try expect("[")
        guard try peek() == UInt8(ascii: "\""), try string() == tag else { throw fail("\"\(tag)\" before this") }
        try expect(",")
        try body(&self)
        try expect("]")
    }

    private mutating func atom(_ base: ColumnType.Base) throws(BadJSON) -> Atom {
        switch base {
        case .string: return .string(try string())
        case .integer: return .integer(try integer())
        case .boolean: return .boolean(try boolean())
        case .real:
            switch try number() {
            case .integer(let integer): return .real(Double(integer))
            case .real(let real): return .real(real)
            }
        case .uuid:
            try expect("[")
            guard try string() == "uuid" else { throw fail("\"uuid\" before this") }
            try expect(",")
            let inner = try passString().inner
            guard let uuid = RowUUID(utf8: bytes[inner]) else { throw fail("a uuid before this") }
            try expect("]")
            return .uuid(uuid)
        }
    }
}
