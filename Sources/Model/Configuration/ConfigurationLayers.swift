/// The texts that a configuration is read from.
public struct ConfigurationInput: Sendable {
    /// The name for messages, and the text.
    public var file: (name: String, text: String)?
    public var environment: [String: String]
    /// By name without dashes; a flag without value is `true`, a repeated one is joined by commas.
    public var flags: [String: String]
    /// The modules that the program has, and what can be set for them.
    public var modules: [String]
    public var moduleSettings: [any ModuleSettings.Type]
    public var hostName: String
    /// The source ports that the kernel gives out (`net.ipv4.ip_local_port_range`).
    public var kernelPorts: ClosedRange<Int>?

    public init(
        file: (name: String, text: String)? = nil, environment: [String: String] = [:], flags: [String: String] = [:],
        modules: [String] = [], moduleSettings: [any ModuleSettings.Type] = [], hostName: String = "",
        kernelPorts: ClosedRange<Int>? = nil
    ) {
        self.file = file
        self.environment = environment
        self.flags = flags
        self.modules = modules
        self.moduleSettings = moduleSettings
        self.hostName = hostName
        self.kernelPorts = kernelPorts
    }
}

/// File, environment and flags laid over each other.
///
/// Unknown names are warnings: a file may serve a peer of another version.
struct ConfigurationLayers {
    private(set) var values: [String: (text: String, origin: SettingOrigin)] = [:]
    private(set) var modules: [String: Bool] = [:]
    private(set) var warnings: [ConfigurationProblem] = []
    private(set) var errors: [ConfigurationProblem] = []
    private let known: [String]
    private let settings: [Setting]

    /// Where OVN-Kubernetes turns features on: `enable-egress-ip`.
    private static let featureSection = "ovnkubernetesfeature"

    init(_ input: ConfigurationInput) {
        known = input.modules
        settings = Setting.base + input.moduleSettings.flatMap { $0.settings }
        if let file = input.file { read(IniFile(parsing: file.text), named: file.name) }
        for (name, text) in input.environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("OVENBIRD_") {
            let flag = name.dropFirst("OVENBIRD_".count).lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
            read(flag: flag, text, .environment(name))
        }
        for (name, text) in input.flags.sorted(by: { $0.key < $1.key }) { read(flag: name, text, .flag(name)) }
    }

    private mutating func warn(_ origin: SettingOrigin, _ reason: String, _ message: String) {
        warnings.append(ConfigurationProblem(source: "\(origin)", reason: reason, message: message))
    }

    private mutating func read(_ file: IniFile, named name: String) {
        for fault in file.faults {
            errors.append(
                ConfigurationProblem(source: "\(name):\(fault.line)", reason: "BadSyntax", message: fault.message))
        }
        let sections = Set(settings.map(\.section)).union(["modules", Self.featureSection]).union(known)
        var unused: Set<String> = []
        for entry in file.entries {
            let origin = SettingOrigin.file(name, line: entry.line)
            if entry.section == "modules" {
                toggle(entry.key, entry.value, origin)
            } else if entry.section == Self.featureSection,
                !settings.contains(where: { $0.section == entry.section && $0.key == entry.key })
            {
                feature(entry.key, entry.value, origin)
            } else if !sections.contains(entry.section) {
                guard unused.insert(entry.section).inserted else { continue }
                warn(origin, "UnknownSection", "[\(entry.section)] is not used\(hint(entry.section, sections))")
            } else if let setting = settings.first(where: { $0.section == entry.section && $0.key == entry.key }) {
                values["\(setting)"] = (entry.value, origin)
            } else {
                let keys = settings.filter { $0.section == entry.section }.map(\.key)
                warn(origin, "UnknownKey", "\(entry.key) is not a key of [\(entry.section)]\(hint(entry.key, keys))")
            }
        }
    }

    private mutating func read(flag: String, _ text: String, _ origin: SettingOrigin) {
        if let setting = settings.first(where: { $0.flag == flag }) {
            values["\(setting)"] = (text, origin)
        } else if flag == "modules" {
            for part in text.split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1)
                toggle(String(pair[0]), pair.count > 1 ? String(pair[1]) : "true", origin)
            }
        } else if flag.hasPrefix("enable-") {
            feature(flag, text, origin)
        } else {
            warn(origin, "UnknownKey", "\(flag) is not a setting\(hint(flag, settings.map(\.flag)))")
        }
    }

    private mutating func feature(_ key: String, _ text: String, _ origin: SettingOrigin) {
        let name = key.hasPrefix("enable-") ? String(key.dropFirst("enable-".count)) : key
        guard known.contains(name) else {
            warn(origin, "UnknownKey", "\(key) is not used: there is no module \(name)\(hint(name, known))")
            return
        }
        toggle(name, text, origin)
    }

    private mutating func toggle(_ name: String, _ text: String, _ origin: SettingOrigin) {
        guard known.contains(name) else {
            warn(origin, "UnknownModule", "there is no module \(name)\(hint(name, known))")
            return
        }
        guard let value = SettingsReader.boolean(text) else {
            errors.append(
                ConfigurationProblem(
                    source: "\(origin)", reason: "BadValue", message: "\(name)=\(text) is neither true nor false"))
            return
        }
        modules[name] = value
    }

    private func hint(_ word: String, _ words: some Sequence<String>) -> String {
        nearest(to: word, in: words).map { "; did you mean \($0)?" } ?? ""
    }
}
