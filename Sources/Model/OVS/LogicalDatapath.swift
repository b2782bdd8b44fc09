import Core

/// A logical switch or router as the integration bridge knows it: by the number that its packets carry.
public struct LogicalDatapath: Kind, Hashable {
    public static let kind = "LogicalDatapath"
    /// The switch's or router's.
    public let name: String
    /// The value of `metadata` in the bridge's flows.
    public let tunnelKey: Int

    public init(name: String, tunnelKey: Int) {
        self.name = name
        self.tunnelKey = tunnelKey
    }
}

/// A step that every packet takes in logical switches or routers, and where the integration bridge has it.
///
/// The numbers differ between versions of OVN; the names do not.
public struct LogicalStage: Kind, Hashable {
    public static let kind = "LogicalStage"
    /// OVN's: `ls_in_lb`, `lr_in_dnat`.
    public let name: String
    /// The number of the flow table in the bridge.
    public let table: Int

    public init(name: String, table: Int) {
        self.name = name
        self.table = table
    }

    /// Those of which the table is looked up.
    public static let followed = ["ls_in_lb_aff_check", "ls_in_lb", "lr_in_lb_aff_check", "lr_in_dnat"]

    /// Where ingress tables of logical datapaths begin in the bridge.
    public static let firstIngressTable = 8
}
