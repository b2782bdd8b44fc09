/// The identity of an object: its kind, namespace (empty for cluster-scoped kinds) and name.
public struct ObjectID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let kind: String
    public let namespace: String
    public let name: String

    public init(kind: String, namespace: String = "", name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// `Pod/shop/web`, or `Node/n1` for a kind without namespaces.
    public var description: String { namespace.isEmpty ? "\(kind)/\(name)" : "\(kind)/\(namespace)/\(name)" }

    public static func < (a: ObjectID, b: ObjectID) -> Bool {
        (a.kind, a.namespace, a.name) < (b.kind, b.namespace, b.name)
    }
}

/// A kind of object: an immutable value that comes in through a feed or is published by a handler.
///
/// Two objects that compare equal are the same news: the second one wakes nobody. So a kind holds only the fields
/// that somebody uses.
public protocol Kind: Sendable, Equatable {
    /// The name of the kind as users write it: `Pod`. Unique in the program.
    static var kind: String { get }
    /// Labels that a kind adds to its objects by rule, so that handlers select by them.
    static var terms: [Term<Self>] { get }
    /// Empty for kinds without namespaces.
    var namespace: String { get }
    var name: String { get }
    var labels: [String: String] { get }
}

extension Kind {
    public static var terms: [Term<Self>] { [] }
    public var namespace: String { "" }
    public var labels: [String: String] { [:] }
    public var id: ObjectID { ObjectID(kind: Self.kind, namespace: namespace, name: name) }
    /// The identity of an object of a kind without namespaces.
    public static func id(_ name: String) -> ObjectID { ObjectID(kind: kind, name: name) }
    public static func id(_ namespace: String = "", _ name: String) -> ObjectID {
        ObjectID(kind: kind, namespace: namespace, name: name)
    }
}

/// A yes-or-no property of the objects of a kind by which groups select: "is local", "is running".
public struct Term<K: Kind>: Sendable {
    public let name: String
    public let holds: @Sendable (K) -> Bool

    public init(_ name: String, _ holds: @escaping @Sendable (K) -> Bool) {
        self.name = name
        self.holds = holds
    }
}

/// Something that an object shows and a set column can be filled with: a pod's port, its addresses.
public protocol Facet {
    associatedtype Object: Kind
    associatedtype Element: ColumnElement
    static func values(of object: Object) -> [Element]
}
