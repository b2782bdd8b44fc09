public import Core

/// Which pods may be reached, and may reach, by whom and where: `networking.k8s.io/v1`.
///
/// A policy isolates even when a part of it is spoilt, so reading one never fails for its rules: a part that cannot be
/// read is left out so that less is allowed, and named in `faults`.
public struct NetworkPolicy: KubernetesKind, Hashable {
    public static let kind = "NetworkPolicy"
    public static let apiVersion = "networking.k8s.io/v1"
    public static let isNamespaced = true

    public let namespace: String
    public let name: String
    /// The pods that the policy is about, in its own namespace.
    public var subject: LabelSelector
    public var isolatesIngress: Bool
    public var isolatesEgress: Bool
    /// Empty when the policy does not isolate in that direction, whatever is written.
    public var ingress: [Rule]
    public var egress: [Rule]
    /// Whether the policy asks for rules without connection tracking.
    public var isStateless: Bool
    /// What could not be read, or makes no sense.
    public var faults: [Rejection]

    public init(
        namespace: String, name: String, subject: LabelSelector = .everything, isolatesIngress: Bool = true,
        isolatesEgress: Bool = false, ingress: [Rule] = [], egress: [Rule] = [],
        isStateless: Bool = false, faults: [Rejection] = []
    ) {
        self.namespace = namespace
        self.name = name
        self.subject = subject
        self.isolatesIngress = isolatesIngress
        self.isolatesEgress = isolatesEgress
        self.ingress = ingress
        self.egress = egress
        self.isStateless = isStateless
        self.faults = faults
    }

    /// One thing that is allowed: these peers on these ports.
    public struct Rule: Hashable, Sendable {
        /// Nil for everybody; an empty list is nobody.
        public var peers: [Peer]?
        /// Nil for every protocol and port; an empty list is none.
        public var ports: [Port]?

        public init(peers: [Peer]? = nil, ports: [Port]? = nil) {
            self.peers = peers
            self.ports = ports
        }
    }

    public enum Peer: Hashable, Sendable {
        /// Pods of these namespaces; of the policy's own one when there is no namespace selector. That the pod
        /// selector was absent matters for pods on the host's network only.
        case pods(namespaces: LabelSelector?, pods: LabelSelector?)
        case block(IPNetwork, except: [IPNetwork])
    }

    public struct Port: Hashable, Sendable {
        public enum Number: Hashable, Sendable {
            case all
            case range(ClosedRange<Int>)
            /// The port that a container of the receiving pod names so.
            case named(String)
        }

        public var transport: TransportProtocol
        public var number: Number

        public init(_ transport: TransportProtocol = .tcp, _ number: Number = .all) {
            self.transport = transport
            self.number = number
        }

        public init(_ transport: TransportProtocol = .tcp, _ number: Int) {
            self.init(transport, .range(number...number))
        }
    }
}
