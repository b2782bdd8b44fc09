public import Core

/// A namespace of Kubernetes.
public struct Namespace: KubernetesKind, Hashable {
    public static let kind = "Namespace"
    public static let apiVersion = "v1"
    public static let isNamespaced = false
    public static let fields = Fields.kubernetes(["spec": .any])

    public let name: String
    public var labels: [String: String]
    public var annotations: [String: String]

    /// Every namespace bears its name as a label, as the API server sees to.
    public init(name: String, labels: [String: String] = [:], annotations: [String: String] = [:]) {
        self.name = name
        self.labels = labels.merging(["kubernetes.io/metadata.name": name]) { _, own in own }
        self.annotations = annotations
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: false)
        self.init(name: metadata.name, labels: metadata.labels, annotations: metadata.annotations)
    }
}
