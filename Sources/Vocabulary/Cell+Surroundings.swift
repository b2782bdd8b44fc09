public import Core
public import Model

extension Cell {
    /// The settings of the cluster's network; nil until the configuration is read.
    public mutating func cluster() -> ClusterNetwork? { get(ClusterNetwork.self, "", ClusterNetwork.singleton) }

    /// The settings of the node that the daemon runs on; nil until the configuration is read.
    public mutating func localNode() -> LocalNode? { get(LocalNode.self, "", LocalNode.singleton) }

    /// What the zone's northbound database can hold; nil until it has been connected once.
    public mutating func northboundSchema() -> NorthboundSchema? {
        get(NorthboundSchema.self, "", NorthboundSchema.singleton)
    }
}
