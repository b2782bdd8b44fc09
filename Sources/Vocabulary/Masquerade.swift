public import Model

/// The five link-local addresses by which a node and its gateway router speak of each other.
///
/// They live only on the node's bridge and never on the wire.
public struct Masquerade: Hashable, Sendable {
    public let network: IPNetwork
    public init(_ network: IPNetwork) { self.network = network }

    /// The gateway router, as the host sees it.
    public var ovn: IPAddress { network[1] }
    /// The host, as pods and the gateway router see it.
    public var host: IPAddress { network[2] }
    /// The host, for services that keep the client's address.
    public var hostLocal: IPAddress { network[3] }
    /// A next hop that need not exist: it only carries a MAC.
    public var nextHop: IPAddress { network[4] }
    /// A pod that reaches itself through a service.
    public var hairpin: IPAddress { network[5] }
}
