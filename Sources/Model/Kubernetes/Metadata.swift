public import Core

/// The head that all objects of Kubernetes share.
public struct Metadata: Hashable, Sendable {
    public var namespace: String
    public var name: String
    public var uid: String
    public var labels: [String: String]
    public var annotations: [String: String]

    public init(
        namespace: String = "", name: String, uid: String = "", labels: [String: String] = [:],
        annotations: [String: String] = [:]
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.labels = labels
        self.annotations = annotations
    }

    /// Reads `metadata`; `cursor` is at the object.
    public init(_ cursor: JSONCursor, namespaced: Bool) throws(Rejection) {
        let metadata = cursor["metadata"]
        name = try metadata["name"].string(or: "")
        guard !name.isEmpty else {
            throw metadata["name"].rejection("MissingName", "is missing; every object needs a name")
        }
        namespace = namespaced ? try metadata["namespace"].string(or: "default") : ""
        uid = try metadata["uid"].string(or: "")
        labels = try metadata["labels"].stringMap()
        annotations = try metadata["annotations"].stringMap()
    }
}
