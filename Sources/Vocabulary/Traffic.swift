public import Model

/// The two directions of a pod's traffic, and how OVN says them.
public enum Traffic: String, Hashable, Sendable, CaseIterable {
    /// To the pod.
    case ingress = "Ingress"
    /// From the pod.
    case egress = "Egress"

    /// OVN speaks from the switch's view.
    public var aclDirection: ACL.Direction { self == .ingress ? .toLport : .fromLport }
    /// The field that names the pod's port.
    public var port: Match.PortField { self == .ingress ? .outport : .inport }
    /// The field that names the other end.
    public var peer: Match.AddressField { self == .ingress ? .source : .destination }
    /// What leaves a pod is judged after services have chosen a backend: a policy never sees a service's address.
    public var aclOptions: [String: String]? { self == .ingress ? nil : ["apply-after-lb": "true"] }
}
