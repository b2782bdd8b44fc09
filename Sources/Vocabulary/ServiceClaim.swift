public import Core
public import Model

/// What a service wants for itself: an address and port, or a port of every node. Nodes claim their addresses.
///
/// Published for each, so that of two that want the same one can know of the other.
public struct ServiceClaim: Kind, Hashable {
    public static let kind = "ServiceClaim"
    /// The label that all claims of the same thing share.
    public static let label = "claim"

    public let namespace: String
    /// The service, a blank, and what it wants: `web tcp 10.96.0.10:80`.
    public let name: String
    public let service: String
    /// `tcp 10.96.0.10:80`, `tcp node:30080`.
    public let what: String
    public let created: String
    public let uid: String

    public init(_ service: Service, _ what: String) {
        namespace = service.namespace
        name = "\(service.name) \(what)"
        self.service = service.name
        self.what = what
        created = service.created
        uid = service.uid
    }

    /// A node's claim to an address of its own.
    public init(_ node: Node, _ address: IPAddress) {
        namespace = ""
        what = Self.claim(to: address)
        name = "\(node.name) \(what)"
        service = node.name
        created = ""
        uid = ""
    }

    /// What a node claims.
    public static func claim(to address: IPAddress) -> String { "address \(address)" }

    public var labels: [String: String] { [Self.label: what] }

    /// The one of several claims that counts: the oldest service's.
    public static func winner(_ claims: [ServiceClaim]) -> ServiceClaim? {
        claims.min { ($0.created, $0.uid, $0.namespace, $0.name) < ($1.created, $1.uid, $1.namespace, $1.name) }
    }
}
