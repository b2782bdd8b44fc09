public import Core

/// How objects of one kind are read from JSON or YAML.
public struct KindDecoder: Sendable {
    /// `v1`, `k8s.ovn.org/v1`.
    public let apiVersion: String
    public let kind: String
    public let type: any Kind.Type
    /// What a user may write, to find misspelt fields.
    public let fields: Fields
    public let isNamespaced: Bool
    public let decode: @Sendable (JSONCursor) throws(Rejection) -> any Kind

    public init<K: KubernetesKind>(_: K.Type) {
        apiVersion = K.apiVersion
        kind = K.kind
        type = K.self
        fields = K.fields
        isNamespaced = K.isNamespaced
        decode = { cursor throws(Rejection) in try K(cursor) }
    }

    /// What every daemon reads.
    public static let base: [KindDecoder] = [
        KindDecoder(Namespace.self), KindDecoder(Node.self), KindDecoder(Pod.self),
        KindDecoder(Service.self), KindDecoder(EndpointSlice.self),
        KindDecoder(NetworkPolicy.self), KindDecoder(AdminNetworkPolicy.self),
        KindDecoder(BaselineAdminNetworkPolicy.self),
    ]
}

/// A kind that users write and the API server stores.
public protocol KubernetesKind: Kind {
    static var apiVersion: String { get }
    static var isNamespaced: Bool { get }
    static var fields: Fields { get }
    init(_ cursor: JSONCursor) throws(Rejection)
}
