public import Core

/// A pod's sandbox that the container runtime wants attached to the network: a CNI ADD that has not been DELed.
public struct Attachment: Kind, Hashable {
    public static let kind = "Attachment"

    /// The runtime's id of the sandbox.
    public let sandbox: String
    /// The name of the interface inside: `eth0`.
    public let interface: String
    /// The path of the sandbox's network namespace.
    public let netns: String
    public let podNamespace: String
    public let podName: String
    /// Empty when the runtime does not say.
    public let podUID: String

    /// `SANDBOX.INTERFACE`.
    public var name: String { "\(sandbox).\(interface)" }

    /// The host's end of the sandbox's cable: the first 15 characters of its id, which is all that a name may have.
    public var hostInterface: String { String(sandbox.prefix(15)) }

    public init(
        sandbox: String, interface: String = "eth0", netns: String, podNamespace: String, podName: String,
        podUID: String = ""
    ) {
        self.sandbox = sandbox
        self.interface = interface
        self.netns = netns
        self.podNamespace = podNamespace
        self.podName = podName
        self.podUID = podUID
    }
}
