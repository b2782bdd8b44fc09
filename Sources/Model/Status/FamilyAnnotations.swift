public import Core

/// An annotation with one value per family: `{"ipv4":"…","ipv6":"…"}`.
public protocol FamilyAnnotation: JSONAnnotation {
    var addresses: ByFamily<IPNetwork> { get }
    init(_ addresses: ByFamily<IPNetwork>)
}

extension FamilyAnnotation {
    public init(_ cursor: JSONCursor) throws(Rejection) {
        var addresses = ByFamily<IPNetwork>()
        for family in Family.allCases {
            let place = cursor[family.annotationMember]
            addresses[family] = try place.optional { each throws(Rejection) in
                let network = try each.network()
                guard network.family == family else { throw each.badValue("an \(family) address") }
                return network
            }
        }
        guard !addresses.isEmpty else {
            throw cursor.rejection("BadAnnotation", "has neither \"ipv4\" nor \"ipv6\"")
        }
        self.init(addresses)
    }

    public var json: JSON {
        .object(
            JSONObject(
                Family.allCases.compactMap { family in addresses[family].map { (family.annotationMember, $0.json) } }))
    }
}

/// The addresses of a node's port on the transit switch.
public struct TransitAddresses: FamilyAnnotation {
    public static let key = AnnotationKey.transitAddresses
    public let addresses: ByFamily<IPNetwork>
    public init(_ addresses: ByFamily<IPNetwork>) { self.addresses = addresses }
}

/// The main address of a node in each family, with its prefix length.
public struct PrimaryAddresses: FamilyAnnotation {
    public static let key = AnnotationKey.primaryAddresses
    public let addresses: ByFamily<IPNetwork>
    public init(_ addresses: ByFamily<IPNetwork>) { self.addresses = addresses }
}

/// The masquerade subnets that a node has in use; tells after a change which old ones to clean up.
public struct MasqueradeSubnets: FamilyAnnotation {
    public static let key = AnnotationKey.masqueradeSubnets
    public let addresses: ByFamily<IPNetwork>
    public init(_ addresses: ByFamily<IPNetwork>) { self.addresses = addresses }
}

extension Family {
    fileprivate var annotationMember: String { self == .v4 ? "ipv4" : "ipv6" }
}

/// At most one value for each family.
public struct ByFamily<Value: Hashable & Sendable>: Hashable, Sendable {
    public var v4: Value?
    public var v6: Value?

    public init(v4: Value? = nil, v6: Value? = nil) {
        self.v4 = v4
        self.v6 = v6
    }

    /// What each family gives.
    public init(_ value: (Family) -> Value?) { self.init(v4: value(.v4), v6: value(.v6)) }

    public subscript(_ family: Family) -> Value? {
        get { family == .v4 ? v4 : v6 }
        set { if family == .v4 { v4 = newValue } else { v6 = newValue } }
    }

    public var isEmpty: Bool { v4 == nil && v6 == nil }
    /// IPv4 first.
    public var values: [Value] { [v4, v6].compactMap(\.self) }
}
