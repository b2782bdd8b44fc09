/// One step of a transaction.
public struct Operation: Sendable, Hashable {
    /// A change of members or entries.
    public enum Mutation: Sendable, Hashable {
        case insertMembers(Set<Atom>)
        case deleteMembers(Set<Atom>)
        /// Has no effect on keys that are there.
        case insertEntries([Atom: Atom])
        case deleteKeys(Set<Atom>)
        case add(Int)
    }

    /// As it goes out.
    public let json: [UInt8]

    /// Inserts a row; `name` is how the same transaction refers to it.
    public static func insert(_ table: String, _ row: [(String, Datum)], as name: String? = nil) -> Operation {
        make("insert", table) { writer in
            writer.raw(",\"row\":")
            writer.object(row) { $1.datum($0) }
            if let name {
                writer.raw(",\"uuid-name\":")
                writer.string(name)
            }
        }
    }

    public static func update(_ table: String, _ uuid: RowUUID, _ row: [(String, Datum)]) -> Operation {
        make("update", table) { writer in
            writer.rowIs(uuid)
            writer.raw(",\"row\":")
            writer.object(row) { $1.datum($0) }
        }
    }

    /// Executes mutations in order; each must leave a value that the column's type allows.
    public static func mutate(_ table: String, _ uuid: RowUUID, _ mutations: [(String, Mutation)]) -> Operation {
        make("mutate", table) { writer in
            writer.rowIs(uuid)
            writer.raw(",\"mutations\":")
            writer.list(mutations) { mutation, writer in
                writer.raw("[")
                writer.string(mutation.0)
                mutation.1.write(to: &writer)
                writer.raw("]")
            }
        }
    }

    public static func delete(_ table: String, _ uuid: RowUUID) -> Operation {
        make("delete", table) { $0.rowIs(uuid) }
    }

    /// Reads one row.
    public static func select(_ table: String, _ uuid: RowUUID, columns: [String]) -> Operation {
        make("select", table) { writer in
            writer.rowIs(uuid)
            writer.raw(",\"columns\":")
            writer.list(columns) { $1.string($0) }
        }
    }

    /// Reads rows whose integer column has a value and whose map column has an entry.
    public static func select(
        _ table: String, where number: (column: String, value: Int),
        entry: (column: String, key: String, value: String),
        columns: [String]
    ) -> Operation {
        make("select", table) { writer in
            writer.raw(",\"where\":[[")
            writer.string(number.column)
            writer.raw(",\"==\",")
            writer.integer(number.value)
            writer.raw("],[")
            writer.string(entry.column)
            writer.raw(",\"includes\",")
            writer.map([.string(entry.key): .string(entry.value)])
            writer.raw("]],\"columns\":")
            writer.list(columns) { $1.string($0) }
        }
    }

    /// Words for the server's log.
    public static func comment(_ text: String) -> Operation {
        var writer = JSONWriter()
        writer.raw("{\"op\":\"comment\",\"comment\":")
        writer.string(text)
        writer.raw("}")
        return Operation(json: writer.bytes)
    }

    private static func make(
        _ operation: StaticString, _ table: String, _ rest: (inout JSONWriter) -> Void
    ) -> Operation {
        var writer = JSONWriter()
        writer.raw("{\"op\":\"")
        writer.raw(operation)
        writer.raw("\",\"table\":")
        writer.string(table)
        rest(&writer)
        writer.raw("}")
        return Operation(json: writer.bytes)
    }
}

extension Operation.Mutation {
    fileprivate func write(to writer: inout JSONWriter) {
        switch self {
        case .insertMembers(let members):
            writer.raw(",\"insert\",")
            writer.set(members)
        case .deleteMembers(let members):
            writer.raw(",\"delete\",")
            writer.set(members)
        case .insertEntries(let entries):
            writer.raw(",\"insert\",")
            writer.map(entries)
        case .deleteKeys(let keys):
            writer.raw(",\"delete\",")
            writer.set(keys)
        case .add(let number):
            writer.raw(",\"+=\",")
            writer.integer(number)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func rowIs(_ uuid: RowUUID) {
        raw(",\"where\":[[\"_uuid\",\"==\",")
        atom(.uuid(uuid))
        raw("]]")
    }
}

/// A transaction that the server refuses; nothing of it is in the database.
public struct TransactionRefused: Error, Hashable, Sendable, CustomStringConvertible {
    /// The position of the operation at fault; nil when the transaction as a whole breaks a rule of the database.
    public let operation: Int?
    /// One or two words: `constraint violation`.
    public let error: String
    public let details: String

    public var description: String { details.isEmpty ? error : "\(error): \(details)" }
}

extension JSONValue {
    /// The results of a transaction of `count` operations.
    func results(of count: Int) throws(TransactionRefused) -> [JSONValue] {
        let results = elements ?? []
        for (position, result) in results.enumerated() {
            guard let error = result["error"]?.text else { continue }
            throw TransactionRefused(
                operation: position < count ? position : nil, error: error, details: result["details"]?.text ?? "")
        }
        return results
    }
}
