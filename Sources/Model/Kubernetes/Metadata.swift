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
        guard Self.isSubdomain(name) else {
            throw metadata["name"].rejection(
                "BadName", "\(name) is no name of an object: lower-case letters, digits, - and . (RFC 1123)")
        }
        namespace = namespaced ? try metadata["namespace"].string(or: "default") : ""
        guard !namespaced || Self.isLabel(namespace[...]) else {
            throw metadata["namespace"].rejection(
                "BadName", "\(namespace) is no name of a namespace: lower-case letters, digits and - (RFC 1123)")
        }
        uid = try metadata["uid"].string(or: "")
        labels = try Self.labels(metadata["labels"])
        annotations = try metadata["annotations"].stringMap()
    }

    private static func labels(_ cursor: JSONCursor) throws(Rejection) -> [String: String] {
        let labels = try cursor.stringMap()
        for (key, value) in labels {
            try LabelSyntax.check(key: key, at: cursor)
            try LabelSyntax.check(value: value, at: cursor)
        }
        return labels
    }

    /// RFC 1123, as the API server checks it: labels joined by dots, 253 characters at most.
    public static func isSubdomain(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel($0, atMost: 253) }
    }

    static func isLabel(_ label: Substring, atMost length: Int = 63) -> Bool {
        let isPlain = label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        return isPlain && !label.isEmpty && label.utf8.count <= length && label.first != "-" && label.last != "-"
    }
}
