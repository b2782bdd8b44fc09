import Core
import Glibc
import Linux
import Logging
public import Model

/// A daemon as a process: reads its configuration, puts its parts together, runs until it is told to stop.
public struct DaemonProcess: Sendable {
    /// What can be set, in the order of the reference.
    public static var settings: [Setting] { Setting.base + BuiltinModules.settings.flatMap { $0.settings } }

    let configuration: NetworkConfiguration
    let log: Logger
    /// Reads the configuration again, from the same places.
    let read: @Sendable () throws(DaemonFailure) -> NetworkConfiguration

    /// Reads the configuration. Everything that is wrong with it is said at once.
    public init(configFile: String?, flags: [String: String]) throws(DaemonFailure) {
        read = { () throws(DaemonFailure) in try Self.read(configFile, flags) }
        configuration = try read()
        var log = Logger(label: "ovenbird", factory: LineLog.init)
        log[metadataKey: "node"] = .string(configuration.node.nodeName)
        for warning in configuration.warnings { log.warning("\(warning.source): \(warning.message)") }
        self.log = log
    }

    private static func read(_ file: String?, _ flags: [String: String]) throws(DaemonFailure) -> NetworkConfiguration {
        var input = ConfigurationInput(
            environment: Environment.all, flags: flags, modules: BuiltinModules.manifests.map(\.name),
            moduleSettings: BuiltinModules.settings, hostName: Environment.hostName,
            kernelPorts: Environment.kernelPorts)
        if let file {
            guard let text = try? Files.read(file) else {
                throw DaemonFailure(
                    "cannot read the configuration file \(file); name one that is there with --config",
                    reason: "NotFound")
            }
            input.file = (file, text)
        }
        do {
            return try NetworkConfiguration(input)
        } catch {
            throw DaemonFailure(problems: error.problems)
        }
    }

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
