/// A table that a plane realises: its name, its columns, and how its rows are known again in the world outside.
///
/// Generated for the databases, written by hand for the host, OpenFlow and status planes. Compared by plane and name.
public struct Table: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What a column holds.
    public enum Shape: Hashable, Sendable {
        /// At most one value; two contributors that differ are in conflict.
        case scalar
        /// Any number of values; contributions add up.
        case set
        /// Entries with string keys; contributions add up, two values for one key are in conflict.
        case map
    }

    /// How far the plane's say over a column goes in a row of ours.
    public enum Hold: Hashable, Sendable {
        /// The whole column: what nobody contributes is removed.
        case exact
        /// Only what is contributed: the engine writes there too (`Interface.external_ids`).
        case shared
    }

    public struct Column: Hashable, Sendable {
        public let name: String
        public let shape: Shape
        public let hold: Hold
        /// The table whose rows the values of a map name by their keys, if they do.
        public let target: String?

        public init(_ name: String, _ shape: Shape, _ hold: Hold = .exact, to target: String? = nil) {
            self.name = name
            self.shape = shape
            self.hold = hold
            self.target = target
        }
    }

    /// How a row outside is matched with a row key.
    public enum Identity: Hashable, Sendable {
        /// `external_ids:ovenbird` holds the key.
        case tag
        /// The key is the value of these columns, joined by a blank. Rows of ours carry the tag too where the table
        /// has `external_ids`; an untagged row with the same columns is adopted.
        case columns([String])
        /// The table has one row; its key is `.`.
        case singleton
    }

    /// Whether the plane makes and removes rows, or only writes into rows that somebody else makes.
    public enum Ownership: Hashable, Sendable {
        case owned
        case borrowed
    }

    /// One object for all copies: a table is passed with every row.
    private final class Storage: Sendable {
        let plane: String
        let name: String
        let columns: [Column]
        let identity: Identity
        let ownership: Ownership
        /// Of plane and name: rows are looked up far more often than tables are made.
        let hash: Int

        init(plane: String, name: String, columns: [Column], identity: Identity, ownership: Ownership) {
            self.plane = plane
            self.name = name
            self.columns = columns
            self.identity = identity
            self.ownership = ownership
            var hasher = Hasher()
            hasher.combine(plane)
            hasher.combine(name)
            hash = hasher.finalize()
        }
    }

    private let storage: Storage

    public var plane: String { storage.plane }
    public var name: String { storage.name }
    public var columns: [Column] { storage.columns }
    public var identity: Identity { storage.identity }
    public var ownership: Ownership { storage.ownership }

    public init(
        plane: String, name: String, columns: [Column], identity: Identity = .tag, ownership: Ownership = .owned
    ) {
        storage = Storage(plane: plane, name: name, columns: columns, identity: identity, ownership: ownership)
    }

    /// The same for all copies of one value; two tables may be equal with different ones.
    var instance: ObjectIdentifier { ObjectIdentifier(storage) }

    public static func == (a: Table, b: Table) -> Bool {
        a.storage === b.storage
            || (a.storage.hash == b.storage.hash && a.storage.name == b.storage.name
                && a.storage.plane == b.storage.plane)
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(storage.hash) }
    public static func < (a: Table, b: Table) -> Bool {
        a.storage !== b.storage && (a.storage.plane, a.storage.name) < (b.storage.plane, b.storage.name)
    }

    /// `nb/ACL`.
    public var description: String { "\(plane)/\(name)" }
}

/// The planes of the program, by the short names that commands use.
public enum PlaneName {
    public static let northbound = "nb"
    public static let southbound = "sb"
    public static let vswitch = "vs"
    public static let openflow = "of"
    public static let host = "host"
    public static let answers = "http"
    public static let status = "api"
    public static let objects = "obj"
}

/// The identity of a row: `nb/ACL/networkpolicy/shop/db/in0`.
public struct RowID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let table: Table
    public let key: String

    public init(_ table: Table, _ key: String) {
        self.table = table
        self.key = key
    }

    public static func < (a: RowID, b: RowID) -> Bool {
        a.table == b.table ? a.key < b.key : a.table < b.table
    }

    public var description: String { "\(table)/\(key)" }
}
