/// What a plane has to do after one turn: the net difference of its rows, sorted by row.
public struct Delta: Sendable {
    public let plane: String
    /// The turn that made it; planes confirm by this number.
    public let turn: UInt64
    public var rows: [RowChange]

    public init(plane: String, turn: UInt64, rows: [RowChange]) {
        self.plane = plane
        self.turn = turn
        self.rows = rows
    }
}

/// The change of one row.
public struct RowChange: Hashable, Sendable {
    public enum What: Hashable, Sendable {
        /// A new row; `columns` holds all its contents.
        case inserted
        /// A row that was there; `columns` holds what differs.
        case updated
        /// The row is gone; `columns` is empty.
        case deleted
    }

    public var row: RowID
    public var what: What
    public var columns: [ColumnChange]

    public init(_ row: RowID, _ what: What, _ columns: [ColumnChange] = []) {
        self.row = row
        self.what = what
        self.columns = columns
    }
}

/// The change of one column, which is a position in `row.table.columns`.
public struct ColumnChange: Hashable, Sendable {
    public enum What: Hashable, Sendable {
        /// The new value, or nil for none.
        case scalar(Value?)
        case set(added: [Value], removed: [Value])
        /// `removed` holds keys that have no value any more; a changed entry is only in `set`.
        case map(set: [String: String], removed: [String])
    }

    public var column: Int
    public var what: What

    public init(_ column: Int, _ what: What) {
        self.column = column
        self.what = what
    }
}

/// The whole effective content of a row: what all contributions add up to.
public struct RowContent: Hashable, Sendable {
    public enum Column: Hashable, Sendable {
        case scalar(Value)
        case set(Set<Value>)
        case map([String: String])
    }

    /// By position in `table.columns`; a column that nobody contributes to is absent.
    public var columns: [Int: Column]

    public init(columns: [Int: Column] = [:]) { self.columns = columns }
}
