import Glibc

/// A program that is to run all the time.
public struct SupervisedProcess: Sendable {
    public enum Stop: Sendable, Hashable {
        case signal(CInt)
        /// A program that asks it to end; a signal follows when it does not.
        case command([String])
    }

    /// For people and for file names: `ovs-vswitchd`.
    public let name: String
    public let arguments: [String]
    /// Added to the environment of this process.
    public var environment: [String: String] = [:]
    /// Where its process id is, so that a new supervisor finds it.
    public let pidFile: String
    /// The program writes the file itself, as its argument `--pidfile=FILE` says; else the supervisor does.
    public var writesPIDFile = false
    /// Where its output goes.
    public let outputFile: String
    /// Its own log and the like, cut when they grow.
    public var logFiles: [String] = []
    /// It serves when this file is there.
    public var readyFile: String?
    public var stop = Stop.signal(SIGTERM)
    public var grace = Duration.seconds(5)
    /// Before each start.
    public var prepare: @Sendable () throws -> Void = {}
    /// After each start, when it is ready, and after an adoption.
    public var settle: @Sendable () throws -> Void = {}

    public init(_ name: String, _ arguments: [String], pidFile: String, outputFile: String) {
        self.name = name
        self.arguments = arguments
        self.pidFile = pidFile
        self.outputFile = outputFile
    }
}

/// How a service is doing.
public struct ServiceState: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable {
        case starting, running
        /// It died too often; the next start is delayed.
        case waiting
        case stopped
    }

    public let name: String
    public internal(set) var phase = Phase.starting
    public internal(set) var pid: pid_t?
    /// Seconds since 1970.
    public internal(set) var since: Int
    public internal(set) var restarts = 0
    /// Why it ended the last time, or could not start.
    public internal(set) var lastEnd: String?
}

/// What happens to services.
public enum SupervisionEvent: Sendable, Hashable {
    case started(String, pid: pid_t)
    /// It was running already.
    case adopted(String, pid: pid_t)
    case ended(String, reason: String)
    case failed(String, reason: String)
    case stopped(String)
}

extension SupervisionEvent: CustomStringConvertible {
    public var description: String {
        switch self {
        case .started(let name, let pid): "\(name) started as process \(pid)"
        case .adopted(let name, let pid): "\(name) is already running as process \(pid)"
        case .ended(let name, let reason): "\(name) ended: \(reason)"
        case .failed(let name, let reason): "\(name) could not be started: \(reason)"
        case .stopped(let name): "\(name) stopped"
        }
    }
}
