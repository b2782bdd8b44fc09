public import Core

/// A node of the cluster.
public struct Node: KubernetesKind, Hashable {
    public static let kind = "Node"
    public static let apiVersion = "v1"
    public static let isNamespaced = false
    public static let fields = Fields.kubernetes(["spec": .any])

    public let name: String
    public var labels: [String: String]
    public var annotations: [String: String]
    /// The addresses of type `InternalIP`, in the order of the node's status: the first is of the primary family.
    public var internalAddresses: [IPAddress]

    public init(
        name: String, labels: [String: String] = [:], annotations: [String: String] = [:],
        internalAddresses: [IPAddress] = []
    ) {
        self.name = name
        self.labels = labels
        self.annotations = annotations
        self.internalAddresses = internalAddresses
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: false)
        var addresses: [IPAddress] = []
        for entry in try cursor["status"]["addresses"].elements()
        where try entry["type"].string(or: "") == "InternalIP" {
            addresses.append(try entry["address"].address())
        }
        self.init(
            name: metadata.name, labels: metadata.labels, annotations: metadata.annotations,
            internalAddresses: addresses)
    }
}
