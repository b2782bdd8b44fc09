/// What is wrong or odd in the configuration, and where.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// `node.conf:12`, `--mtu`, `OVENBIRD_MTU`, or `default`.
    public let source: String
    /// One word: `Overlap`.
    public let reason: String
    public let message: String

    public init(source: String, reason: String, message: String) {
        self.source = source
        self.reason = reason
        self.message = message
    }

    public var description: String { "\(source): \(message) (\(reason))" }
}

/// All that is wrong with a configuration, at once.
public struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public let problems: [ConfigurationProblem]
    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Reads typed values out of file, environment and flags, and collects what is wrong with them: a value that makes no
/// sense is an error of the whole configuration, and reads as its default.
public struct SettingsReader {
    /// By `section.key`.
    private let layers: [String: (text: String, origin: SettingOrigin)]
    private(set) var values: [SettingValue] = []
    private(set) var errors: [ConfigurationProblem] = []
    var warnings: [ConfigurationProblem] = []

    init(_ layers: [String: (text: String, origin: SettingOrigin)]) { self.layers = layers }

    func origin(_ setting: Setting) -> SettingOrigin { layers["\(setting)"]?.origin ?? .standard }

    public mutating func fail(_ setting: Setting, _ reason: String, _ message: String) {
        errors.append(ConfigurationProblem(source: "\(origin(setting))", reason: reason, message: message))
    }

    public mutating func warn(_ setting: Setting, _ reason: String, _ message: String) {
        warnings.append(ConfigurationProblem(source: "\(origin(setting))", reason: reason, message: message))
    }

    public mutating func text(_ setting: Setting) -> String {
        let text = layers["\(setting)"]?.text ?? setting.standard
        values.append(SettingValue(setting: setting, text: text, origin: origin(setting)))
        return text
    }

    /// Nil when empty.
    public mutating func optionalText(_ setting: Setting) -> String? {
        let text = text(setting)
        return text.isEmpty ? nil : text
    }

    public mutating func list(_ setting: Setting) -> [String] { Self.list(text(setting)) }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String(IniFile.trimmed($0)) }.filter { !$0.isEmpty }
    }

    public mutating func integer(_ setting: Setting, in range: ClosedRange<Int>) -> Int {
        let text = text(setting)
        guard let number = Int(text), range.contains(number) else {
            fail(
                setting, "BadValue",
                "\(setting.key)=\(text) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            return Int(setting.standard) ?? range.lowerBound
        }
        return number
    }

    public mutating func boolean(_ setting: Setting) -> Bool {
        let text = text(setting)
        if let value = Self.boolean(text) { return value }
        fail(setting, "BadValue", "\(setting.key)=\(text) is neither true nor false")
        return setting.standard == "true"
    }

    public mutating func choice<T: RawRepresentable<String> & CaseIterable>(_ setting: Setting, or absent: T) -> T {
        let text = text(setting)
        if let value = T(rawValue: text) { return value }
        let words = T.allCases.map { $0.rawValue.isEmpty ? "empty" : $0.rawValue }.joined(separator: ", ")
        fail(setting, "BadValue", "\(setting.key)=\(text) is none of \(words)")
        return absent
    }

    public mutating func addresses(_ setting: Setting) -> [IPAddress] {
        list(setting).compactMap { text in
            if let address = IPAddress(text) { return address }
            fail(setting, "BadAddress", "\(setting.key): \(text) is not an IP address")
            return nil
        }
    }

    /// A network; host bits that are set are cleared with a warning.
    public mutating func network(_ setting: Setting, _ text: some StringProtocol) -> IPNetwork? {
        guard let network = IPNetwork(text) else {
            fail(setting, "BadNetwork", "\(setting.key): \(text) is not a network such as 10.0.0.0/16")
            return nil
        }
        if network != network.network {
            warn(setting, "HostBits", "\(setting.key): \(network) has host bits set; taken as \(network.network)")
        }
        return network.network
    }

    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }
}
