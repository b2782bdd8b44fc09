public import Model

/// One call of the plugin: what the runtime put into the environment and on standard input.
///
/// The executable reads it (`init(environment:input:)`), checks it, and hands it to the node daemon as JSON.
public struct CNIRequest: Sendable, Hashable {
    public let command: CNICommand
    /// Empty for commands that are not about one container.
    public let containerID: String
    /// The path of the container's network namespace; may be empty for DEL.
    public let namespace: String
    public let interface: String
    /// `CNI_ARGS`: `K8S_POD_NAMESPACE`, `K8S_POD_NAME`, `K8S_POD_UID` and what else the runtime says.
    public let arguments: [String: String]
    public let configuration: CNIConfiguration

    /// Checks the environment and the configuration of a command other than VERSION.
    public init(environment: [String: String], input: some Sequence<UInt8>) throws(CNIError) {
        let command = try Self.command(in: environment)
        let configuration = try CNIConfiguration(input, for: command)
        try self.init(command, environment: environment, configuration: configuration)
    }

    private init(
        _ command: CNICommand, environment: [String: String], configuration: CNIConfiguration
    ) throws(CNIError) {
        self.command = command
        self.configuration = configuration
        containerID = environment["CNI_CONTAINERID"] ?? ""
        namespace = environment["CNI_NETNS"] ?? ""
        interface = environment["CNI_IFNAME"] ?? ""
        arguments = Self.arguments(environment["CNI_ARGS"] ?? "")
        let faults = Self.faults(command, environment)
        guard faults.isEmpty else {
            throw CNIError(
                .invalidEnvironment, "the runtime called \(command.rawValue) with a wrong environment",
                details: faults.joined(separator: "; "))
        }
    }

    /// The command that the environment names.
    public static func command(in environment: [String: String]) throws(CNIError) -> CNICommand {
        let text = environment["CNI_COMMAND"] ?? ""
        guard let command = CNICommand(rawValue: text) else {
            let all = CNICommand.allCases.map(\.rawValue).joined(separator: ", ")
            throw CNIError(
                .invalidEnvironment, "CNI_COMMAND is \(text.isEmpty ? "missing" : "\"\(text)\"")",
                details: "a container runtime sets it to one of \(all)")
        }
        return command
    }

    private static func faults(_ command: CNICommand, _ environment: [String: String]) -> [String] {
        guard command.namesInterface else { return [] }
        var faults: [String] = []
        func require(_ variable: String, _ holds: (String) -> String?) {
            let value = environment[variable] ?? ""
            if value.isEmpty {
                faults.append("\(variable) is missing")
            } else if let fault = holds(value) {
                faults.append("\(variable)=\"\(value)\" \(fault)")
            }
        }
        require("CNI_CONTAINERID") {
            CNIConfiguration.isName($0) && $0.utf8.count <= 128
                ? nil : "must begin with a letter or digit and have only those, '_', '.' and '-'"
        }
        require("CNI_IFNAME") { interfaceFault($0) }
        if command.needsNamespace { require("CNI_NETNS") { $0.hasPrefix("/") ? nil : "is not an absolute path" } }
        if command == .add {
            let arguments = arguments(environment["CNI_ARGS"] ?? "")
            for key in ["K8S_POD_NAMESPACE", "K8S_POD_NAME"] where (arguments[key] ?? "").isEmpty {
                faults.append("CNI_ARGS has no \(key)")
            }
        }
        return faults
    }

    private static func interfaceFault(_ name: String) -> String? {
        if name.utf8.count > 15 { return "is longer than 15 characters" }
        if name == "." || name == ".." { return "is not a name" }
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2f && $0 != 0x3a && $0 != 0x7f }
        return isPlain ? nil : "must not have '/', ':' or blanks"
    }

    /// Reads `KEY=value;KEY=value`.
    private static func arguments(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        for pair in text.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
        }
        return result
    }
}

extension CNIRequest {
    /// What goes to the node daemon.
    public var json: JSON {
        [
            "env": .object(
                JSONObject([
                    "CNI_COMMAND": command.rawValue, "CNI_CONTAINERID": containerID, "CNI_NETNS": namespace,
                    "CNI_IFNAME": interface,
                    "CNI_ARGS": arguments.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                        .joined(separator: ";"),
                ])), "config": configuration.json,
        ]
    }

    /// Reads what the executable sent.
    public init(sent body: some Sequence<UInt8>) throws(CNIError) {
        let environment: [String: String]
        let configuration: JSON
        do {
            let cursor = JSONCursor(try JSON(parsing: body))
            environment = try cursor["env"].stringMap()
            configuration = cursor["config"].value ?? .null
        } catch {
            throw CNIError(.undecodable, "the request to the node daemon is not one", details: "\(error)")
        }
        let command = try Self.command(in: environment)
        try self.init(
            command, environment: environment, configuration: try CNIConfiguration(configuration, for: command))
    }
}

extension CNIRequest {
    /// The directory beside the daemon's socket where deletions wait while the daemon is away.
    public static let deletions = "deletions"

    /// The name of the file that stands for this container's interface.
    public var fileName: String { Self.fileName(containerID: containerID, interface: interface) }

    public static func fileName(containerID: String, interface: String) -> String { "\(containerID)@\(interface).json" }
}
