import Core

/// The node's Open vSwitch itself; there is one, named `.`.
public struct OVSSystem: Kind {
    public static let kind = "OVSSystem"
    public var name: String { "." }
    /// `external_ids:system-id`: the chassis of this node.
    public var systemID: String?
    public var hostname: String?
    public var ovsVersion: String?
    /// The entries of `external_ids` that begin with `ovn-`, and `hostname`, `rundir`, `system-id`.
    public var externalIDs: [String: String]

    public init(
        systemID: String? = nil, hostname: String? = nil, ovsVersion: String? = nil,
        externalIDs: [String: String] = [:]
    ) {
        self.systemID = systemID
        self.hostname = hostname
        self.ovsVersion = ovsVersion
        self.externalIDs = externalIDs
    }
}
