/// What a handler contributes: one row with the columns it has an opinion on.
public protocol Row: Sendable {
    static var table: Table { get }
    var key: RowKey { get }
    /// Writes every column that is set. Indexes are positions in `table.columns`.
    func encode(into columns: inout ColumnWriter)
}

/// How a row is named. Keys come from identities, never from counters or the order of events.
public enum RowKey: Hashable, Sendable {
    /// A row of the cell's own object: `networkpolicy/shop/db/LOCAL`. For a child cell, the child's object.
    case own(String)
    /// A row of another object.
    case of(ObjectID, String)
    /// A row whose name is known to all: `ovn_cluster_router`. For tables whose identity is a column, this is it.
    case fixed(String)
    /// A row of a group: all modules that name it share it.
    case group(GroupName, String)
}

/// The stable name of a group: a hash of its kind, scope, selector and terms.
public struct GroupName: Hashable, Sendable, CustomStringConvertible {
    public let hash: UInt64
    public init(hash: UInt64) { self.hash = hash }
    /// 13 characters, a letter first: fit for the name of a port group or address set.
    public var description: String {
        // Fits into a string without memory of its own.
        String(unsafeUninitializedCapacity: 14) { bytes in
            bytes[0] = UInt8(ascii: "a")
            var rest = hash
            for place in stride(from: 13, to: 0, by: -1) {
                let digit = UInt8(rest % 36)
                bytes[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                rest /= 36
            }
            return 14
        }
    }
}

/// A typed reference to a row, and at the same time a value for columns that refer to rows.
public struct RowRef<R: Row>: ColumnElement {
    public let row: RowID
    public init(_ row: RowID) { self.row = row }
    /// A row that another module declares.
    public init(fixed key: String) { row = RowID(R.table, key) }
    public var value: Value { .row(row) }
}

/// A set column of one row.
public struct SetColumn<Element: ColumnElement>: Hashable, Sendable {
    public let row: RowID
    public let index: Int
    public init(_ row: RowID, _ index: Int) {
        self.row = row
        self.index = index
    }
}

/// A map column of one row.
public struct MapColumn: Hashable, Sendable {
    public let row: RowID
    public let index: Int
    public init(_ row: RowID, _ index: Int) {
        self.row = row
        self.index = index
    }
}

/// What `Row.encode` writes to.
public struct ColumnWriter {
    public enum Content: Hashable, Sendable {
        case scalar(Value)
        case set([Value])
        case map([String: String])
    }

    /// What was written, in the order of the columns' indexes if the row writes them so.
    public var columns: [(index: Int, content: Content)] { written }

    // Inlined into the rows' targets, where the values' types are known.
    @usableFromInline var written: [(index: Int, content: Content)] = []

    public init() {}

    mutating func removeAll() { written.removeAll(keepingCapacity: true) }

    @inlinable
    public mutating func scalar(_ index: Int, _ value: (some ColumnElement)?) {
        if let value { written.append((index, .scalar(value.value))) }
    }

    @inlinable
    public mutating func set(_ index: Int, _ values: [some ColumnElement]?) {
        if let values { written.append((index, .set(values.map { $0.value }))) }
    }

    @inlinable
    public mutating func map(_ index: Int, _ entries: [String: String]?) {
        if let entries { written.append((index, .map(entries))) }
    }
}
