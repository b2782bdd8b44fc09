public import Core

/// The settings of network policies. There is one, named `.`.
public struct PolicySettings: Kind, Hashable {
    public static let kind = "PolicySettings"
    public static let singleton = "."
    public var name: String { Self.singleton }

    /// Log lines per second and rule.
    public var logRateLimit: Int
    /// Whether isolated pods can be pinged by everybody.
    public var allowsICMP: Bool
    /// Whether policies may ask for rules without connection tracking.
    public var allowsStateless: Bool
    /// Who selects this namespace means the nodes themselves.
    public var hostNetworkNamespace: String?

    public init(
        logRateLimit: Int = 20, allowsICMP: Bool = false, allowsStateless: Bool = false,
        hostNetworkNamespace: String? = nil
    ) {
        self.logRateLimit = logRateLimit
        self.allowsICMP = allowsICMP
        self.allowsStateless = allowsStateless
        self.hostNetworkNamespace = hostNetworkNamespace
    }
}

extension SettingsReader {
    mutating func policies() -> PolicySettings {
        PolicySettings(
            logRateLimit: integer(.logRateLimit, in: 1...1_000_000), allowsICMP: boolean(.allowICMP),
            allowsStateless: boolean(.statelessPolicies), hostNetworkNamespace: optionalText(.hostNetworkNamespace))
    }
}
