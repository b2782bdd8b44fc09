public import Core

/// A service: one name and address for the pods that answer behind it.
///
/// Values are kept as the user wrote them, right or wrong: one bad port must not take the others with it, so it is
/// the handlers that check them and say what is wrong.
public struct Service: KubernetesKind, Hashable {
    public static let kind = "Service"
    public static let apiVersion = "v1"
    public static let isNamespaced = true

    public enum Class: String, Hashable, Sendable, CaseIterable {
        case clusterIP = "ClusterIP"
        case nodePort = "NodePort"
        case loadBalancer = "LoadBalancer"
        case externalName = "ExternalName"
    }

    /// Which endpoints traffic of a node may go to.
    public enum Policy: String, Hashable, Sendable, CaseIterable {
        case cluster = "Cluster"
        case local = "Local"
    }

    public enum Affinity: String, Hashable, Sendable, CaseIterable {
        case none = "None"
        case clientIP = "ClientIP"
    }

    /// A port of the service.
    public struct Port: Hashable, Sendable {
        public var name: String
        /// `TCP`, `UDP`, `SCTP`, or a word that is none.
        public var transport: String
        public var port: Int
        /// A number or a name of a container's port; empty: the same as `port`.
        public var target: String
        /// 0 for none.
        public var nodePort: Int

        public init(
            _ port: Int, name: String = "", transport: String = "TCP", target: String = "", nodePort: Int = 0
        ) {
            self.name = name
            self.transport = transport
            self.port = port
            self.target = target
            self.nodePort = nodePort
        }
    }

    /// An address that somebody outside the cluster leads to the nodes.
    public struct Ingress: Hashable, Sendable {
        /// Empty when only a host name is given.
        public var address: String
        /// `VIP`: packets arrive with the address; `Proxy`: they do not.
        public var mode: String

        public init(_ address: String, mode: String = "VIP") {
            self.address = address
            self.mode = mode
        }
    }

    public let namespace: String
    public let name: String
    public var uid: String = ""
    /// As in RFC 3339, which sorts by time.
    public var created: String = ""
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    public var type: Class = .clusterIP
    public var selector: [String: String] = [:]
    /// Empty, one per family with the primary one first, or `None`.
    public var clusterIPs: [String] = []
    public var ports: [Port] = []
    public var externalIPs: [String] = []
    public var ingress: [Ingress] = []
    public var externalPolicy: Policy = .cluster
    public var internalPolicy: Policy = .cluster
    public var affinity: Affinity = .none
    /// In seconds.
    public var affinityTimeout = 10_800
    public var publishNotReadyAddresses = false
    /// 0 for none.
    public var healthCheckNodePort = 0
    public var sourceRanges: [String] = []
    public var trafficDistribution = ""

    public init(namespace: String, name: String, _ change: (inout Service) -> Void = { _ in }) {
        self.namespace = namespace
        self.name = name
        change(&self)
    }

    /// It has no address of its own: names lead to its endpoints.
    public var isHeadless: Bool { clusterIPs.first == "None" }

    /// Older first, so that of two that want the same thing the one that had it keeps it.
    public static func isOlder(_ a: Service, _ b: Service) -> Bool {
        (a.created, a.uid, a.namespace, a.name) < (b.created, b.uid, b.namespace, b.name)
    }
}

extension Service {
    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: true)
        let spec = cursor["spec"]
        self.init(namespace: metadata.namespace, name: metadata.name)
        uid = metadata.uid
        labels = metadata.labels
        annotations = metadata.annotations
        created = try cursor["metadata"]["creationTimestamp"].string(or: "")
        type = try spec["type"].optional { each throws(Rejection) in try each.choice() } ?? .clusterIP
        selector = try spec["selector"].stringMap()
        clusterIPs = try spec["clusterIPs"].strings()
        let single = try spec["clusterIP"].string(or: "")
        if clusterIPs.isEmpty, !single.isEmpty { clusterIPs = [single] }
        ports = try spec["ports"].elements().map { each throws(Rejection) in try Port(each) }
        externalIPs = try spec["externalIPs"].strings()
        ingress = try cursor["status"]["loadBalancer"]["ingress"].elements().map { each throws(Rejection) in
            Ingress(try each["ip"].string(or: ""), mode: try each["ipMode"].string(or: "VIP"))
        }
        externalPolicy =
            try spec["externalTrafficPolicy"].optional { each throws(Rejection) in try each.choice() } ?? .cluster
        internalPolicy =
            try spec["internalTrafficPolicy"].optional { each throws(Rejection) in try each.choice() } ?? .cluster
        affinity = try spec["sessionAffinity"].optional { each throws(Rejection) in try each.choice() } ?? .none
        affinityTimeout = try spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].integer(or: 10_800)
        publishNotReadyAddresses = try spec["publishNotReadyAddresses"].boolean(or: false)
        healthCheckNodePort = try spec["healthCheckNodePort"].integer(or: 0)
        sourceRanges = try spec["loadBalancerSourceRanges"].strings()
        trafficDistribution = try spec["trafficDistribution"].string(or: "")
    }

    public static let fields = Fields.kubernetes([
        "spec": .object(
            [
                "ports": .list(.members("name", "protocol", "port", "targetPort", "nodePort", "appProtocol")),
                "sessionAffinityConfig": .object(["clientIP": .members("timeoutSeconds")]),
            ].merging(
                [
                    "allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs", "externalName",
                    "externalTrafficPolicy", "healthCheckNodePort", "internalTrafficPolicy", "ipFamilies",
                    "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges",
                    "publishNotReadyAddresses", "selector", "sessionAffinity", "trafficDistribution", "type",
                ].map { ($0, Fields.any) }, uniquingKeysWith: { first, _ in first }))
    ])
}

extension Service.Port {
    init(_ cursor: JSONCursor) throws(Rejection) {
        let target = cursor["targetPort"]
        self.init(
            try cursor["port"].integer(), name: try cursor["name"].string(or: ""),
            transport: try cursor["protocol"].string(or: "TCP"), nodePort: try cursor["nodePort"].integer(or: 0))
        if case .integer(let number)? = target.value {
            self.target = String(number)
        } else {
            self.target = try target.string(or: "")
        }
    }
}
