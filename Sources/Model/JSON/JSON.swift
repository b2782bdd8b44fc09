/// A JSON value.
public enum JSON: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// A number with a fraction or exponent, or one too large for `integer`.
    case real(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// An object's member; nil when there is none or this is no object.
    public subscript(_ key: String) -> JSON? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// What is here, for an error message: `"yes"`, `17`, `a list`.
    public var summary: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .string(let value):
            JSON.string(value.count > 60 ? "\(value.prefix(57))..." : value).text()
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension JSON: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}

/// The members of a JSON object, in the order in which they were written.
///
/// Two objects that differ only in order are equal.
public struct JSONObject: Hashable, Sendable, Sequence {
    fileprivate struct Member: Sendable {
        let key: String
        var value: JSON
    }

    /// Few members are found sooner by looking at each.
    private static let few = 16
    private var members: [Member] = []
    /// Where each key is, once they are not few.
    private var places: [String: Int] = [:]

    public init() {}

    /// The last of several members with one key wins.
    public init(_ members: some Sequence<(String, JSON)>) {
        for (key, value) in members { self[key] = value }
    }

    /// A map, sorted by key.
    public init(_ map: [String: String]) {
        self.init(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    private func place(of key: String) -> Int? {
        members.count > Self.few ? places[key] : members.firstIndex { $0.key == key }
    }

    public subscript(_ key: String) -> JSON? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil):
                members.remove(at: place)
                findPlaces()
            case (nil, let value?):
                members.append(Member(key: key, value: value))
                if members.count > Self.few + 1 { places[key] = members.count - 1 } else { findPlaces() }
            case (nil, nil): break
            }
        }
    }

    private mutating func findPlaces() {
        guard members.count > Self.few else { return }
        places = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($0.element.key, $0.offset) })
    }

    public var keys: [String] { members.map(\.key) }
    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    public struct Iterator: IteratorProtocol {
        fileprivate var rest: IndexingIterator<[Member]>
        public mutating func next() -> (key: String, value: JSON)? { rest.next().map { ($0.key, $0.value) } }
    }

    public func makeIterator() -> Iterator { Iterator(rest: members.makeIterator()) }

    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.count == b.count && a.members.allSatisfy { b[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        var all = 0
        for member in members {
            var own = Hasher()
            own.combine(member.key)
            own.combine(member.value)
            all ^= own.finalize()
        }
        hasher.combine(count)
        hasher.combine(all)
    }
}
