public import Core

/// One row of the shared table, for expectations.
public struct TableRow: Hashable, Sendable, CustomStringConvertible {
    public let id: RowID
    public let content: RowContent

    public var key: String { id.key }

    private func column(_ name: String) -> RowContent.Column? {
        guard let index = id.table.columns.firstIndex(where: { $0.name == name }) else { return nil }
        return content.columns[index]
    }

    /// A scalar as text; nil when nobody contributes it.
    public subscript(name: String) -> String? {
        if case .scalar(let value)? = column(name) { value.description } else { nil }
    }

    /// A scalar as it is.
    public func value(_ name: String) -> Value? {
        if case .scalar(let value)? = column(name) { value } else { nil }
    }

    /// The members of a set column as sorted text; rows by their keys.
    public func members(_ name: String) -> [String] {
        if case .set(let values)? = column(name) { values.map(text).sorted() } else { [] }
    }

    public func map(_ name: String) -> [String: String] {
        if case .map(let map)? = column(name) { map } else { [:] }
    }

    /// The table and key, and a line for each value, member and entry.
    public var description: String {
        var lines = ["\(id)"]
        for (index, column) in id.table.columns.enumerated() {
            switch content.columns[index] {
            case .scalar(let value): lines.append("    \(column.name) = \(text(value))")
            case .set(let values):
                for member in values.map(text).sorted() { lines.append("    \(column.name) has \(member)") }
            case .map(let map):
                for (key, value) in map.sorted(by: { $0.key < $1.key }) {
                    lines.append("    \(column.name):\(key) = \(value)")
                }
            case nil: break
            }
        }
        return lines.joined(separator: "\n")
    }

    private func text(_ value: Value) -> String {
        if case .row(let row) = value { return row.key }
        return value.description
    }
}
