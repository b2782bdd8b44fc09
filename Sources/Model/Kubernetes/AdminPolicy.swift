public import Core

/// The administrator's rules, which come before those of namespaces: `policy.networking.k8s.io/v1alpha1`.
public struct AdminNetworkPolicy: KubernetesKind, Hashable {
    public static let kind = "AdminNetworkPolicy"
    public static let apiVersion = "policy.networking.k8s.io/v1alpha1"
    public static let isNamespaced = false

    public let name: String
    public var annotations: [String: String]
    /// 0 to 1000; the lower one decides.
    public var priority: Int
    public var rules: AdminRules

    public init(name: String, annotations: [String: String] = [:], priority: Int, rules: AdminRules) {
        self.name = name
        self.annotations = annotations
        self.priority = priority
        self.rules = rules
    }
}

/// The administrator's rules for pods that no policy of their namespace isolates. There is one, named `default`.
public struct BaselineAdminNetworkPolicy: KubernetesKind, Hashable {
    public static let kind = "BaselineAdminNetworkPolicy"
    public static let apiVersion = "policy.networking.k8s.io/v1alpha1"
    public static let isNamespaced = false
    public static let singleton = "default"

    public let name: String
    public var annotations: [String: String]
    public var rules: AdminRules

    public init(name: String = singleton, annotations: [String: String] = [:], rules: AdminRules) {
        self.name = name
        self.annotations = annotations
        self.rules = rules
    }
}

/// What both kinds hold: whom they are about, and rules of which the first that fits decides.
public struct AdminRules: Hashable, Sendable {
    public var subject: Pods
    public var ingress: [Rule]
    public var egress: [Rule]

    public init(subject: Pods, ingress: [Rule] = [], egress: [Rule] = []) {
        self.subject = subject
        self.ingress = ingress
        self.egress = egress
    }

    /// Pods in namespaces; both selectors must match.
    public struct Pods: Hashable, Sendable {
        public var namespaces: LabelSelector
        public var pods: LabelSelector
        public init(namespaces: LabelSelector = .everything, pods: LabelSelector = .everything) {
            self.namespaces = namespaces
            self.pods = pods
        }
    }

    public enum Action: String, Hashable, Sendable, CaseIterable {
        case allow = "Allow"
        case deny = "Deny"
        /// Leaves it to the policies of namespaces.
        case pass = "Pass"
    }

    public struct Rule: Hashable, Sendable {
        public var name: String
        public var action: Action
        public var peers: [Peer]
        /// Nil for every protocol and port.
        public var ports: [NetworkPolicy.Port]?

        public init(name: String = "", _ action: Action, _ peers: [Peer], ports: [NetworkPolicy.Port]? = nil) {
            self.name = name
            self.action = action
            self.peers = peers
            self.ports = ports
        }
    }

    public enum Peer: Hashable, Sendable {
        case pods(Pods)
        /// All addresses of these nodes.
        case nodes(LabelSelector)
        case networks([IPNetwork])
    }
}
