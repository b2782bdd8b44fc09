public import Core

/// A place in a JSON value that knows its path, so that every error names the field.
///
/// As in Kubernetes, `null` is the same as an absent field. Going into a member of something that is no object fails
/// at the first read there.
public struct JSONCursor: Sendable {
    /// Nil when the field is absent or null.
    public let value: JSON?
    public let path: FieldPath
    private let fault: Rejection?

    public init(_ value: JSON, at root: String = "") {
        self.init(value, path: .root(root))
    }

    private init(_ value: JSON?, path: FieldPath, fault: Rejection? = nil) {
        self.value = value == .null ? nil : value
        self.path = path
        self.fault = fault
    }

    public subscript(_ key: String) -> JSONCursor {
        let place = FieldPath.member(path, key)
        switch value {
        case .object(let object): return JSONCursor(object[key], path: place)
        case nil: return JSONCursor(nil, path: place, fault: fault)
        case .some: return JSONCursor(nil, path: place, fault: fault ?? wrongType("an object"))
        }
    }

    /// Whether something is here.
    public var isPresent: Bool { value != nil }

    /// An error at this field.
    public func rejection(_ reason: String, _ message: String) -> Rejection {
        Rejection(reason, field: path.description, message)
    }

    public func wrongType(_ expected: String) -> Rejection {
        rejection("WrongType", "expected \(expected), found \(value?.summary ?? "nothing")")
    }

    public func badValue(_ expected: String) -> Rejection {
        rejection("BadValue", "\(value?.summary ?? "nothing") is not \(expected)")
    }

    private func required(_ expected: String) throws(Rejection) -> JSON {
        if let fault { throw fault }
        guard let value else { throw rejection("MissingField", "is missing; expected \(expected)") }
        return value
    }
}

extension JSONCursor {
    /// Nil when the field is absent, else what `read` makes of it.
    public func optional<T>(_ read: (JSONCursor) throws(Rejection) -> T) throws(Rejection) -> T? {
        if let fault { throw fault }
        return value == nil ? nil : try read(self)
    }

    public func string() throws(Rejection) -> String {
        guard case .string(let text) = try required("text") else { throw wrongType("text") }
        return text
    }

    public func string(or absent: String) throws(Rejection) -> String {
        try optional { cursor throws(Rejection) in try cursor.string() } ?? absent
    }

    public func boolean() throws(Rejection) -> Bool {
        guard case .boolean(let flag) = try required("true or false") else { throw wrongType("true or false") }
        return flag
    }

    public func boolean(or absent: Bool) throws(Rejection) -> Bool {
        try optional { cursor throws(Rejection) in try cursor.boolean() } ?? absent
    }

    public func integer(in range: ClosedRange<Int> = Int.min...Int.max) throws(Rejection) -> Int {
        guard case .integer(let number) = try required("a whole number") else { throw wrongType("a whole number") }
        guard range.contains(number) else { throw badValue("from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    public func integer(
        in range: ClosedRange<Int> = Int.min...Int.max, or absent: Int
    ) throws(Rejection) -> Int {
        try optional { cursor throws(Rejection) in try cursor.integer(in: range) } ?? absent
    }

    /// One of the words of an enumeration.
    public func choice<T: RawRepresentable<String> & CaseIterable>(_: T.Type = T.self) throws(Rejection) -> T {
        guard let result = T(rawValue: try string()) else {
            throw badValue("one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return result
    }

    /// The elements of a list; none when the field is absent.
    public func elements() throws(Rejection) -> [JSONCursor] {
        if let fault { throw fault }
        switch value {
        case nil: return []
        case .array(let array):
            return array.enumerated().map { JSONCursor($0.element, path: .element(path, $0.offset)) }
        case .some: throw wrongType("a list")
        }
    }

    /// The members of an object; none when the field is absent.
    public func members() throws(Rejection) -> [(key: String, value: JSONCursor)] {
        if let fault { throw fault }
        switch value {
        case nil: return []
        case .object(let object):
            return object.map { ($0.key, JSONCursor($0.value, path: .member(path, $0.key))) }
        case .some: throw wrongType("an object")
        }
    }

    /// A list of texts; empty when the field is absent.
    public func strings() throws(Rejection) -> [String] {
        try elements().map { cursor throws(Rejection) in try cursor.string() }
    }

    /// An object of texts, such as labels; empty when the field is absent.
    public func stringMap() throws(Rejection) -> [String: String] {
        var map: [String: String] = [:]
        for (key, value) in try members() { map[key] = try value.string() }
        return map
    }
}

extension JSONCursor {
    public func address() throws(Rejection) -> IPAddress {
        guard let address = IPAddress(try string()) else { throw badValue("an IP address") }
        return address
    }

    /// An address with a prefix length.
    public func network() throws(Rejection) -> IPNetwork {
        guard let network = IPNetwork(try string()) else { throw badValue("an address with a prefix length") }
        return network
    }

    public func mac() throws(Rejection) -> MACAddress {
        guard let mac = MACAddress(try string()) else { throw badValue("a MAC address") }
        return mac
    }
}
