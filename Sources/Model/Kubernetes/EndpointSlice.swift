public import Core

/// Some of the endpoints of a service, all of one family and with the same ports.
public struct EndpointSlice: KubernetesKind, Hashable {
    public static let kind = "EndpointSlice"
    public static let apiVersion = "discovery.k8s.io/v1"
    public static let isNamespaced = true
    /// The label that names the service.
    public static let serviceLabel = "kubernetes.io/service-name"

    /// Belongs to every service port with its name and protocol.
    public struct Port: Hashable, Sendable {
        public var name: String
        public var transport: String
        /// Nil means all ports, which no load balancer can do.
        public var number: Int?

        public init(_ number: Int?, name: String = "", transport: String = "TCP") {
            self.name = name
            self.transport = transport
            self.number = number
        }
    }

    /// Something that answers, and how it is doing.
    public struct Endpoint: Hashable, Sendable {
        /// As the user wrote them.
        public var addresses: [String]
        public var isReady: Bool
        public var isServing: Bool
        public var isTerminating: Bool
        /// Empty when it is not known; such an endpoint is local nowhere.
        public var node: String
        public var hostname: String
        /// The nodes and zones that shall prefer it.
        public var forNodes: [String]
        public var forZones: [String]

        public init(
            _ addresses: [String], ready: Bool = true, serving: Bool? = nil, terminating: Bool = false,
            node: String = "", hostname: String = "", forNodes: [String] = [], forZones: [String] = []
        ) {
            self.addresses = addresses
            isReady = ready
            isServing = serving ?? ready
            isTerminating = terminating
            self.node = node
            self.hostname = hostname
            self.forNodes = forNodes
            self.forZones = forZones
        }
    }

    public let namespace: String
    public let name: String
    public var labels: [String: String]
    /// `IPv4`, `IPv6` or `FQDN`.
    public var addressType: String
    public var ports: [Port]
    public var endpoints: [Endpoint]

    public init(
        namespace: String, name: String, service: String, addressType: String = "IPv4", ports: [Port],
        endpoints: [Endpoint]
    ) {
        self.namespace = namespace
        self.name = name
        labels = [Self.serviceLabel: service]
        self.addressType = addressType
        self.ports = ports
        self.endpoints = endpoints
    }

    public var family: Family? { Family.allCases.first { $0.description == addressType } }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: true)
        self.init(
            namespace: metadata.namespace, name: metadata.name, service: "",
            addressType: try cursor["addressType"].string(),
            ports: try cursor["ports"].elements().map { port throws(Rejection) in
                Port(
                    try port["port"].optional { number throws(Rejection) in try number.integer() },
                    name: try port["name"].string(or: ""), transport: try port["protocol"].string(or: "TCP"))
            },
            endpoints: try cursor["endpoints"].elements().map { each throws(Rejection) in try Endpoint(each) })
        labels = metadata.labels
    }

    public static let fields = Fields.object([
        "apiVersion": .any, "kind": .any, "metadata": Fields.metadata, "addressType": .any,
        "ports": .list(.members("name", "protocol", "port", "appProtocol")),
        "endpoints": .list(
            .members(
                "addresses", "conditions", "hostname", "targetRef", "nodeName", "zone", "hints", "deprecatedTopology")),
    ])
}

extension EndpointSlice.Endpoint {
    init(_ cursor: JSONCursor) throws(Rejection) {
        let conditions = cursor["conditions"]
        let hints = cursor["hints"]
        self.init(
            try cursor["addresses"].strings(), ready: try conditions["ready"].boolean(or: true),
            serving: try conditions["serving"].optional { each throws(Rejection) in try each.boolean() },
            terminating: try conditions["terminating"].boolean(or: false),
            node: try cursor["nodeName"].string(or: ""), hostname: try cursor["hostname"].string(or: ""),
            forNodes: try hints["forNodes"].elements().map { each throws(Rejection) in try each["name"].string() },
            forZones: try hints["forZones"].elements().map { each throws(Rejection) in try each["name"].string() })
    }
}
