public import Model

/// What an operator can set for network policies.
public struct PolicySettings: ModuleSettings, Hashable {
    public static let kind = "PolicySettings"
    public static let settings = [rateLimit, allowICMP, stateless, admin, hostNetwork, strict]

    private static let rateLimit = Setting(
        "logging", "acl-logging-rate-limit", "20", "log lines per second and policy rule")
    private static let allowICMP = Setting(
        "ovnkubernetesfeature", "allow-icmp-network-policy", "false", "isolated pods can be pinged")
    private static let stateless = Setting(
        "ovnkubernetesfeature", "enable-stateless-netpol", "false",
        "policies annotated k8s.ovn.org/acl-stateless go without connection tracking")
    private static let admin = Setting(
        "ovnkubernetesfeature", "enable-admin-network-policy", "true",
        "AdminNetworkPolicy and BaselineAdminNetworkPolicy are in force")
    private static let strict = Setting(
        "ovenbird", "strict-all-pods", "false",
        "policies that allow all pods of all namespaces name each pod, not the cluster's subnets")
    private static let hostNetwork = Setting(
        "kubernetes", "host-network-namespace", "namespace that stands for the nodes in policies; empty is none")

    /// Log lines per second and rule.
    public var logRateLimit: Int
    /// Whether isolated pods can be pinged by everybody.
    public var allowsICMP: Bool
    /// Whether policies may ask for rules without connection tracking.
    public var allowsStateless: Bool
    /// Whether the policies of administrators are in force.
    public var hasAdminPolicies: Bool
    /// Whether all pods of all namespaces are just the pods, and not whatever is in the cluster's subnets.
    public var isStrict: Bool
    /// Who selects this namespace means the nodes themselves.
    public var hostNetworkNamespace: String?

    public init() { self.init(logRateLimit: 20) }

    public init(
        logRateLimit: Int = 20, allowsICMP: Bool = false, allowsStateless: Bool = false,
        hasAdminPolicies: Bool = true, isStrict: Bool = false, hostNetworkNamespace: String? = nil
    ) {
        self.logRateLimit = logRateLimit
        self.allowsICMP = allowsICMP
        self.allowsStateless = allowsStateless
        self.hasAdminPolicies = hasAdminPolicies
        self.isStrict = isStrict
        self.hostNetworkNamespace = hostNetworkNamespace
    }

    public init(_ reader: inout SettingsReader) {
        self.init(
            logRateLimit: reader.integer(Self.rateLimit, in: 1...1_000_000),
            allowsICMP: reader.boolean(Self.allowICMP), allowsStateless: reader.boolean(Self.stateless),
            hasAdminPolicies: reader.boolean(Self.admin), isStrict: reader.boolean(Self.strict),
            hostNetworkNamespace: reader.optionalText(Self.hostNetwork))
    }
}
