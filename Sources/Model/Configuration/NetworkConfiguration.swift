/// The configuration of a daemon as it is in force.
public struct NetworkConfiguration: Sendable {
    public let cluster: ClusterNetwork
    public let node: LocalNode
    public let daemon: DaemonSettings
    /// The modules that somebody turned on or off; the others are as they come.
    public let modules: [String: Bool]
    public let moduleSettings: [any ModuleSettings]
    /// Every setting with its value and where that comes from.
    public let settings: [SettingValue]
    public let warnings: [ConfigurationProblem]

    /// Whether a module is to be on.
    public func isOn(_ module: String) -> Bool { modules[module] ?? true }

    /// The settings that have another value than there.
    public func changes(since old: NetworkConfiguration) -> [SettingValue] {
        let before = Dictionary(old.settings.map { ($0.setting, $0.text) }, uniquingKeysWith: { first, _ in first })
        return settings.filter { before[$0.setting] != $0.text }
    }

    /// Reads the configuration: flags win over the environment, that over the file, that over the defaults.
    ///
    /// Throws all that is wrong with it, not the first thing only.
    public init(_ input: ConfigurationInput) throws(ConfigurationErrors) {
        let layers = ConfigurationLayers(input)
        var reader = SettingsReader(layers.values)
        let cluster = reader.clusterNetwork()
        let node = reader.localNode(families: cluster.families, input)
        let daemon = reader.daemon()
        let moduleSettings = input.moduleSettings.map { $0.init(&reader) as any ModuleSettings }
        let errors = layers.errors + reader.errors
        guard errors.isEmpty else { throw ConfigurationErrors(errors) }
        self.cluster = cluster
        self.node = node
        self.daemon = daemon
        modules = layers.modules
        self.moduleSettings = moduleSettings
        settings = reader.values
        warnings = layers.warnings + reader.warnings
    }
}

/// What the daemon itself needs to know.
public struct DaemonSettings: Hashable, Sendable {
    public var kubeconfig: String?
    /// Directories of manifests; empty: objects come from the Kubernetes API.
    public var manifests: [String]
    public var statusDirectory: String?
    public var runDirectory: String
    public var cniDirectory: String
    public var cniPlugin: String
    public var cniVersion: String
    public var northbound: DatabaseAccess
    public var southbound: DatabaseAccess
}

extension SettingsReader {
    mutating func daemon() -> DaemonSettings {
        let version = text(.cniVersion)
        if !["0.4.0", "1.0.0", "1.1.0"].contains(version) {
            fail(.cniVersion, "BadValue", "cni-version=\(version) is none of 0.4.0, 1.0.0, 1.1.0")
        }
        return DaemonSettings(
            kubeconfig: optionalText(.kubeconfig), manifests: list(.manifests),
            statusDirectory: optionalText(.statusDirectory), runDirectory: text(.runDirectory),
            cniDirectory: text(.cniDirectory), cniPlugin: text(.cniPlugin), cniVersion: version,
            northbound: northboundAccess(), southbound: southboundAccess())
    }
}
