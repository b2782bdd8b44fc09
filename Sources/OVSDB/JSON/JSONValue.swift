/// A JSON value as a tree, for the small answers: schemas, results, errors.
public enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(parsing bytes: [UInt8]) throws(BadJSON) {
        var cursor = JSONCursor(bytes)
        self = try cursor.value()
        if !cursor.isAtEnd() { throw cursor.fail("the end") }
    }

    public subscript(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var number: Int? { if case .integer(let number) = self { number } else { nil } }
    public var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    public var members: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
}

extension JSONCursor {
    mutating func value() throws(BadJSON) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try object { (name, cursor) throws(BadJSON) in members[name] = try cursor.value() }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try array { (cursor) throws(BadJSON) in elements.append(try cursor.value()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean(try boolean())
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            switch try number() {
            case .integer(let integer): return .integer(integer)
            case .real(let real): return .real(real)
            }
        }
    }
}
