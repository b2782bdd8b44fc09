import Core

/// An interface of the node's switch, as Open vSwitch and ovn-controller report it.
public struct OVSInterface: Kind {
    public static let kind = "OVSInterface"
    public var name: String
    /// `internal`, `geneve`, `patch`; empty for a device of the system.
    public var type: String
    /// `external_ids:iface-id`: the logical port that this interface is.
    public var ifaceID: String?
    /// `external_ids:sandbox`: the container whose attachment this interface is.
    public var sandbox: String?
    /// Whether ovn-controller has put the port's flows in place.
    public var installed: Bool
    /// The OpenFlow port number; nil while the switch has given none or could not open the device.
    public var ofport: Int?
    /// The address that the switch uses.
    public var mac: String?

    public init(
        name: String, type: String = "", ifaceID: String? = nil, sandbox: String? = nil, installed: Bool = false,
        ofport: Int? = nil, mac: String? = nil
    ) {
        self.name = name
        self.type = type
        self.ifaceID = ifaceID
        self.sandbox = sandbox
        self.installed = installed
        self.ofport = ofport
        self.mac = mac
    }

    public static let isInstalled = Term<OVSInterface>("isInstalled") { $0.installed }
    public static var terms: [Term<OVSInterface>] { [isInstalled] }
}
