import Core
import Model

/// A row that its contributors left incomplete or wrong.
struct MalformedRow: Error, CustomStringConvertible {
    let description: String
}

/// Reads the columns of a row by name.
struct RowReader {
    let table: Table
    let content: RowContent

    private func value(_ name: String) -> Value? {
        guard let index = table.columns.firstIndex(where: { $0.name == name }),
            case .scalar(let value) = content.columns[index]
        else { return nil }
        return value
    }

    private func missing(_ name: String, _ expected: String) -> MalformedRow {
        let found = value(name).map { "\"\($0)\"" } ?? "nothing"
        return MalformedRow(description: "column \(name) of \(table.name) holds \(found), which is not \(expected)")
    }

    func optionalString(_ name: String) -> String? {
        if case .string(let text) = value(name) { text } else { nil }
    }

    func string(_ name: String) throws(MalformedRow) -> String {
        guard let text = optionalString(name) else { throw missing(name, "a text") }
        return text
    }

    func optionalInteger(_ name: String) -> Int? {
        if case .integer(let number) = value(name) { number } else { nil }
    }

    func integer(_ name: String) throws(MalformedRow) -> Int {
        guard let number = optionalInteger(name) else { throw missing(name, "a number") }
        return number
    }

    func optionalBoolean(_ name: String) -> Bool? {
        if case .boolean(let flag) = value(name) { flag } else { nil }
    }

    func boolean(_ name: String) -> Bool { optionalBoolean(name) ?? false }

    /// Something that has a text form, or nil where the column is empty.
    func optional<T>(_ name: String, _ expected: String, _ read: (String) -> T?) throws(MalformedRow) -> T? {
        guard let text = optionalString(name) else { return nil }
        guard let result = read(text) else { throw missing(name, expected) }
        return result
    }

    func required<T>(_ name: String, _ expected: String, _ read: (String) -> T?) throws(MalformedRow) -> T {
        guard let result = try optional(name, expected, read) else { throw missing(name, expected) }
        return result
    }

    /// The members of a set column that are texts, sorted.
    func strings(_ name: String) -> [String] {
        guard let index = table.columns.firstIndex(where: { $0.name == name }),
            case .set(let values) = content.columns[index]
        else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }.sorted()
    }

    func list<T>(_ name: String, _ expected: String, _ read: (String) -> T?) throws(MalformedRow) -> [T] {
        var list: [T] = []
        for text in strings(name) {
            guard let item = read(text) else {
                throw MalformedRow(description: "\"\(text)\" in column \(name) of \(table.name) is not \(expected)")
            }
            list.append(item)
        }
        return list
    }

    func address(_ name: String) throws(MalformedRow) -> IPAddress {
        try required(name, "an IP address") { IPAddress($0) }
    }

    func optionalAddress(_ name: String) throws(MalformedRow) -> IPAddress? {
        try optional(name, "an IP address") { IPAddress($0) }
    }

    func network(_ name: String) throws(MalformedRow) -> IPNetwork {
        try required(name, "an address with a prefix length") { IPNetwork($0) }
    }

    func optionalNetwork(_ name: String) throws(MalformedRow) -> IPNetwork? {
        try optional(name, "an address with a prefix length") { IPNetwork($0) }
    }

    func mac(_ name: String) throws(MalformedRow) -> MACAddress {
        try required(name, "a MAC address") { MACAddress($0) }
    }

    func optionalMAC(_ name: String) throws(MalformedRow) -> MACAddress? {
        try optional(name, "a MAC address") { MACAddress($0) }
    }
}
