public import Core

/// The number of a node, from which its transit and join addresses and its tunnel key follow.
public struct NodeID: AnnotationValue {
    public static let key = AnnotationKey.nodeID
    public static let range = 2...5000
    public let number: Int

    public init(_ number: Int) { self.number = number }

    public init(reading text: String) throws(Rejection) {
        guard let number = Int(text), String(number) == text, number >= 0 else {
            throw Rejection("BadAnnotation", field: Self.field, "\(JSON.string(text).summary) is not a node id")
        }
        self.number = number
    }

    public var text: String { String(number) }
}

/// The name of a node's chassis in OVN; set once and never changed.
public struct ChassisID: AnnotationValue {
    public static let key = AnnotationKey.chassisID
    public let name: String

    public init(_ name: String) { self.name = name }

    public init(reading text: String) throws(Rejection) {
        guard !text.isEmpty else { throw Rejection("BadAnnotation", field: Self.field, "is empty") }
        name = text
    }

    public var text: String { name }
}

/// The zone of a node, which is its name; written for older peers.
public struct ZoneName: AnnotationValue {
    public static let key = AnnotationKey.zoneName
    public let name: String
    public init(_ name: String) { self.name = name }
    public init(reading text: String) throws(Rejection) { name = text }
    public var text: String { name }
}

/// The pod subnets of a node per network; the cluster's own network is `default`.
public struct NodeSubnets: JSONAnnotation {
    public static let key = AnnotationKey.nodeSubnets
    public var networks: [String: [IPNetwork]]

    public init(networks: [String: [IPNetwork]]) { self.networks = networks }
    /// The subnets of the default network.
    public init(_ subnets: [IPNetwork]) { networks = ["default": subnets] }

    /// The subnets of the default network.
    public var subnets: [IPNetwork] { networks["default"] ?? [] }

    /// A list, or the bare text that old peers wrote for one subnet.
    public init(_ cursor: JSONCursor) throws(Rejection) {
        networks = [:]
        for (name, value) in try cursor.members() {
            let entries = if case .string = value.value { [value] } else { try value.elements() }
            networks[name] = try entries.map { each throws(Rejection) in
                let network = try each.network()
                guard network == network.network else {
                    throw each.rejection("BadValue", "\(network) has host bits set; the network is \(network.network)")
                }
                return network
            }
        }
    }

    public var json: JSON {
        .object(JSONObject(networks.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map(\.json))) }))
    }
}

/// The encapsulation addresses of a node.
public struct EncapsulationAddresses: JSONAnnotation {
    public static let key = AnnotationKey.encapsulationAddresses
    public let addresses: [IPAddress]

    public init(_ addresses: [IPAddress]) { self.addresses = addresses }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        addresses = try cursor.elements().map { each throws(Rejection) in try each.address() }
        guard !addresses.isEmpty else { throw cursor.rejection("BadAnnotation", "has no address") }
    }

    public var json: JSON { .array(addresses.map { .string("\($0)") }) }
}

/// Every address of the host with its prefix length, sorted.
public struct HostCIDRs: JSONAnnotation {
    public static let key = AnnotationKey.hostCIDRs
    public let addresses: [IPNetwork]

    public init(_ addresses: [IPNetwork]) { self.addresses = Set(addresses).sorted() }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        self.init(try cursor.elements().map { each throws(Rejection) in try each.network() })
    }

    public var json: JSON { .array(addresses.map(\.json)) }
}

/// The networks whose packets to pods keep their source at the management port.
public struct IngressSNATExcludeSubnets: JSONAnnotation {
    public static let key = AnnotationKey.ingressSNATExcludeSubnets
    public let networks: [IPNetwork]

    public init(_ networks: [IPNetwork]) { self.networks = Set(networks.map(\.network)).sorted() }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        self.init(try cursor.elements().map { each throws(Rejection) in try each.network() })
    }

    public var json: JSON { .array(networks.map(\.json)) }
}

extension IPNetwork {
    var json: JSON { .string(description) }
}
