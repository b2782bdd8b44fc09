/// One value in a column of the shared table.
public enum Value: Hashable, Sendable {
    case integer(Int)
    case real(Double)
    case boolean(Bool)
    case string(String)
    /// A reference to another row of the same plane.
    case row(RowID)
}

/// A Swift type that can stand in a column.
public protocol ColumnElement: Hashable, Sendable {
    var value: Value { get }
}

extension Int: ColumnElement {
    public var value: Value { .integer(self) }
}
extension Double: ColumnElement {
    public var value: Value { .real(self) }
}
extension Bool: ColumnElement {
    public var value: Value { .boolean(self) }
}
extension String: ColumnElement {
    public var value: Value { .string(self) }
}

extension Value: Comparable, CustomStringConvertible {
    private var rank: Int {
        switch self {
        case .integer: 0
        case .real: 1
        case .boolean: 2
        case .string: 3
        case .row: 4
        }
    }

    public static func < (a: Value, b: Value) -> Bool {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): x < y
        case (.real(let x), .real(let y)): x < y
        case (.boolean(let x), .boolean(let y)): !x && y
        case (.string(let x), .string(let y)): x < y
        case (.row(let x), .row(let y)): x < y
        default: a.rank < b.rank
        }
    }

    public var description: String {
        switch self {
        case .integer(let x): "\(x)"
        case .real(let x): "\(x)"
        case .boolean(let x): "\(x)"
        case .string(let x): x
        case .row(let x): x.description
        }
    }
}
