import Core

/// A chassis of the southbound database: this node, registered by its ovn-controller, or a remote one.
public struct OVSChassis: Kind {
    public static let kind = "Chassis"
    /// The chassis id.
    public var name: String
    public var hostname: String
    /// `other_config:is-remote`: a node of another zone.
    public var isRemote: Bool
    /// The addresses of its tunnels, sorted.
    public var encapIPs: [String]

    public init(name: String, hostname: String = "", isRemote: Bool = false, encapIPs: [String] = []) {
        self.name = name
        self.hostname = hostname
        self.isRemote = isRemote
        self.encapIPs = encapIPs.sorted()
    }

    public static let isLocal = Term<OVSChassis>("isLocal") { !$0.isRemote }
    public static var terms: [Term<OVSChassis>] { [isLocal] }
}
