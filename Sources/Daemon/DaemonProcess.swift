import Core
import Glibc
import Linux
import Logging
public import Model

/// A daemon as a process: reads its configuration, puts its parts together, runs until it is told to stop.
public struct DaemonProcess: Sendable {
    let configuration: NetworkConfiguration
    let log: Logger

    /// Reads the configuration. Everything that is wrong with it is said at once.
    public init(configFile: String?, flags: [String: String]) throws {
        var log = Logger(label: "ovenbird", factory: LineLog.init)
        var input = ConfigurationInput(
            environment: Environment.all, flags: flags, modules: BuiltinModules.manifests.map(\.name),
            hostName: Environment.hostName, kernelPorts: Environment.kernelPorts)
        if let configFile {
            guard let text = try? Files.read(configFile) else {
                throw DaemonFailure(
                    "cannot read the configuration file \(configFile); name one that is there with --config",
                    reason: "NotFound")
            }
            input.file = (configFile, text)
        }
        do {
            configuration = try NetworkConfiguration(input)
        } catch {
            throw DaemonFailure(problems: error.problems)
        }
        log[metadataKey: "node"] = .string(configuration.node.nodeName)
        for warning in configuration.warnings { log.warning("\(warning.source): \(warning.message)") }
        self.log = log
    }

    func isEnabled(_ manifest: Manifest) -> Bool { configuration.modules[manifest.name] ?? true }

    /// Runs until the process is asked to stop (SIGTERM, SIGINT). What is in place stays in place.
    func untilStopped(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await work()
                return true
            }
            group.addTask {
                await Signals.first(SIGTERM, SIGINT)
                return false
            }
            if try await group.next() == false { log.info("stopping; the network stays as it is") }
            group.cancelAll()
        }
    }
}

/// Why a daemon ends by itself, in words for the operator.
public struct DaemonFailure: Error, Sendable, CustomStringConvertible {
    public let problems: [ConfigurationProblem]

    public init(problems: [ConfigurationProblem]) { self.problems = problems }

    public init(_ message: String, reason: String = "CannotStart") {
        problems = [ConfigurationProblem(source: "", reason: reason, message: message)]
    }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
