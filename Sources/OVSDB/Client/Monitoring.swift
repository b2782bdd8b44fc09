/// The ways to follow a database, best first; older servers know fewer.
enum MonitorMethod: CaseIterable {
    case conditionalSince
    case conditional
    case plain

    var name: StaticString {
        switch self {
        case .conditionalSince: "monitor_cond_since"
        case .conditional: "monitor_cond"
        case .plain: "monitor"
        }
    }

    var isSince: Bool { self == .conditionalSince }

    init?(notification: String) {
        switch notification {
        case "update3": self = .conditionalSince
        case "update2": self = .conditional
        case "update": self = .plain
        default: return nil
        }
    }

    func params(_ database: String, _ replica: Replica, since last: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.raw("[")
        writer.string(database)
        writer.raw(",\"all\",")
        let tables = replica.tables.sorted { $0.key < $1.key }.map { ($0.key, $0.value.columns.map(\.name)) }
        writer.object(tables) { columns, writer in
            writer.raw("[{\"columns\":")
            writer.list(columns) { $1.string($0) }
            writer.raw("}]")
        }
        if isSince {
            writer.raw(",")
            writer.string(last)
        }
        writer.raw("]")
        return writer.bytes
    }

    /// Reads up to the updates of a notification; the state's name where there is one.
    func openUpdate(_ cursor: inout JSONCursor) throws(BadJSON) -> String? {
        try cursor.expect("[")
        _ = try cursor.skip()
        try cursor.expect(",")
        guard isSince else { return nil }
        let last = try cursor.string()
        try cursor.expect(",")
        return last
    }
}

/// The front of the reply to `monitor_cond_since`.
struct MonitorSince {
    /// Whether the updates are relative to the state that we named.
    let isDifference: Bool
    let last: String

    init(_ cursor: inout JSONCursor) throws(BadJSON) {
        try cursor.expect("[")
        _ = try cursor.peek()
        isDifference = try cursor.boolean()
        try cursor.expect(",")
        last = try cursor.string()
        try cursor.expect(",")
    }
}

extension Replica {
    /// No rows yet, and those of the wanted columns that the server has.
    init(_ schema: DatabaseSchema, _ wanted: [String: Set<String>]) {
        self.schema = schema
        for (name, columns) in wanted {
            if let table = schema.tables[name] { tables[name] = ReplicaTable(schema: table, columns: columns) }
        }
    }
}
