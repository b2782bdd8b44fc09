public import Core

/// A pod: what runs on a node and needs a network.
public struct Pod: KubernetesKind, Hashable {
    public static let kind = "Pod"
    public static let apiVersion = "v1"
    public static let isNamespaced = true

    public enum Phase: String, Hashable, Sendable, CaseIterable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"
    }

    public let namespace: String
    public let name: String
    public var uid: String
    public var labels: [String: String]
    public var annotations: [String: String]
    /// Empty until the pod is scheduled.
    public var nodeName: String
    public var hostNetwork: Bool
    public var phase: Phase
    /// When the API server took it, as it is written; empty when nobody has said.
    public var created: String
    public var containers: [Container]

    /// Whether a file on its node is where the pod comes from. The runtime then knows another uid than the API.
    public var isStatic: Bool { annotations[AnnotationKey.configurationSource].map { $0 != "api" } ?? false }

    public init(
        namespace: String, name: String, uid: String = "", labels: [String: String] = [:],
        annotations: [String: String] = [:], nodeName: String = "", hostNetwork: Bool = false,
        phase: Phase = .pending, created: String = "", containers: [Container] = []
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.labels = labels
        self.annotations = annotations
        self.nodeName = nodeName
        self.hostNetwork = hostNetwork
        self.phase = phase
        self.created = created
        self.containers = containers
    }

    /// All its containers have ended for good: its addresses are free.
    public var isCompleted: Bool { phase == .succeeded || phase == .failed }

    public static let terms = [isRunning, isOnHostNetwork, isOnPodNetwork]
    /// Scheduled and not completed.
    public static let isRunning = Term<Pod>("running") { !$0.nodeName.isEmpty && !$0.isCompleted }
    public static let isOnHostNetwork = Term<Pod>("host-network") { $0.hostNetwork }
    /// Scheduled, not completed, and with addresses of its own.
    public static let isOnPodNetwork = Term<Pod>("pod-network") {
        !$0.nodeName.isEmpty && !$0.isCompleted && !$0.hostNetwork
    }
}

extension Pod {
    /// One program of a pod.
    public struct Container: Hashable, Sendable {
        public var name: String
        public var image: String
        /// Replaces the image's entry point; empty when the pod leaves it.
        public var command: [String]
        public var args: [String]
        public var environment: [Variable]
        public var workingDirectory: String
        public var ports: [Port]

        public init(
            name: String, image: String = "", command: [String] = [], args: [String] = [],
            environment: [Variable] = [], workingDirectory: String = "", ports: [Port] = []
        ) {
            self.name = name
            self.image = image
            self.command = command
            self.args = args
            self.environment = environment
            self.workingDirectory = workingDirectory
            self.ports = ports
        }
    }

    /// One entry of a container's environment.
    public struct Variable: Hashable, Sendable {
        public let name: String
        public let value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A port that a container says it listens on; policies and services may use its name.
    public struct Port: Hashable, Sendable {
        public let name: String
        public let number: Int
        public let transport: TransportProtocol
        public init(name: String = "", _ number: Int, _ transport: TransportProtocol = .tcp) {
            self.name = name
            self.number = number
            self.transport = transport
        }
    }
}

/// The transport protocols that Kubernetes knows.
public enum TransportProtocol: String, Hashable, Sendable, CaseIterable, Comparable {
    case tcp = "TCP"
    case udp = "UDP"
    case sctp = "SCTP"

    public static func < (a: TransportProtocol, b: TransportProtocol) -> Bool { a.rawValue < b.rawValue }
}
