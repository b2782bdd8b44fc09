public import Core
public import Model

/// A pod's place in the network: published for each pod that has its addresses, wherever it runs.
///
/// Labels are the pod's, so that selectors of policies and services apply to it. Pods on the host's network and pods
/// that have ended have none.
public struct PodPort: Kind {
    public static let kind = "PodPort"
    public static let terms = [isLocal]
    public static let isLocal = Term<PodPort>("local") { $0.isLocal }

    public let namespace: String
    public let name: String
    public let labels: [String: String]
    public let uid: String
    public let node: String
    public let isLocal: Bool
    /// With the prefix length of the node's subnet, primary family first.
    public let addresses: [IPNetwork]
    public let mac: MACAddress
    /// The default gateways inside the pod, at most one per family.
    public let gateways: [IPAddress]

    public init(
        namespace: String, name: String, labels: [String: String], uid: String, node: String, isLocal: Bool,
        addresses: [IPNetwork], mac: MACAddress, gateways: [IPAddress]
    ) {
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.uid = uid
        self.node = node
        self.isLocal = isLocal
        self.addresses = addresses
        self.mac = mac
        self.gateways = gateways
    }

    /// The name of the pod's logical switch port: `shop_web`.
    public var logicalPort: String { "\(namespace)_\(name)" }

    /// The pod's logical switch port, declared by the pod network where the pod is local.
    public enum Port: Facet {
        public static func values(of pod: PodPort) -> [RowRef<LogicalSwitchPort>] {
            [RowRef(fixed: pod.logicalPort)]
        }
    }

    /// The pod's IPv4 addresses.
    public enum AddressV4: Facet {
        public static func values(of pod: PodPort) -> [IPAddress] { PodPort.addresses(pod, .v4) }
    }

    /// The pod's IPv6 addresses.
    public enum AddressV6: Facet {
        public static func values(of pod: PodPort) -> [IPAddress] { PodPort.addresses(pod, .v6) }
    }

    private static func addresses(_ pod: PodPort, _ family: Family) -> [IPAddress] {
        pod.addresses.map(\.address).filter { $0.family == family }
    }
}
