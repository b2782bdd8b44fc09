public import Model

/// What an operator can set for network policies.
public struct PolicySettings: ModuleSettings, Hashable {
    public static let kind = "PolicySettings"
    public static let settings = [rateLimit, allowICMP, stateless, hostNetwork]

    private static let rateLimit = Setting(
        "logging", "acl-logging-rate-limit", "20", "log lines per second and policy rule")
    private static let allowICMP = Setting(
        "ovnkubernetesfeature", "allow-icmp-network-policy", "false", "isolated pods can be pinged")
    private static let stateless = Setting(
        "ovnkubernetesfeature", "enable-stateless-netpol", "false",
        "policies annotated k8s.ovn.org/acl-stateless go without connection tracking")
    private static let hostNetwork = Setting(
        "kubernetes", "host-network-namespace", "namespace that stands for the nodes in policies; empty is none")

    /// Log lines per second and rule.
    public var logRateLimit: Int
    /// Whether isolated pods can be pinged by everybody.
    public var allowsICMP: Bool
    /// Whether policies may ask for rules without connection tracking.
    public var allowsStateless: Bool
    /// Who selects this namespace means the nodes themselves.
    public var hostNetworkNamespace: String?

    public init() { self.init(logRateLimit: 20) }

    public init(
        logRateLimit: Int = 20, allowsICMP: Bool = false, allowsStateless: Bool = false,
        hostNetworkNamespace: String? = nil
    ) {
        self.logRateLimit = logRateLimit
        self.allowsICMP = allowsICMP
        self.allowsStateless = allowsStateless
        self.hostNetworkNamespace = hostNetworkNamespace
    }

    public init(_ reader: inout SettingsReader) {
        self.init(
            logRateLimit: reader.integer(Self.rateLimit, in: 1...1_000_000),
            allowsICMP: reader.boolean(Self.allowICMP), allowsStateless: reader.boolean(Self.stateless),
            hostNetworkNamespace: reader.optionalText(Self.hostNetwork))
    }
}
