import CLinux
import Glibc

/// A program that is run to its end.
public struct Command: Sendable, CustomStringConvertible {
    public var arguments: [String]
    public var input: String
    /// After this time it is killed.
    public var deadline: Duration
    public var environment: [String: String]?
    /// Where it runs; nil for the namespace of the calling thread.
    public var namespace: NetworkNamespace?

    public init(
        _ arguments: [String], input: String = "", deadline: Duration = .seconds(10),
        environment: [String: String]? = nil, in namespace: NetworkNamespace? = nil
    ) {
        self.arguments = arguments
        self.input = input
        self.deadline = deadline
        self.environment = environment
        self.namespace = namespace
    }

    public init(_ arguments: String..., input: String = "", in namespace: NetworkNamespace? = nil) {
        self.init(arguments, input: input, in: namespace)
    }

    public var description: String { arguments.joined(separator: " ") }

    /// What came of it.
    public struct Outcome: Hashable, Sendable {
        public let exit: ChildProcess.Exit
        public let output: String
        public let errors: String

        public var succeeded: Bool { exit == .code(0) }
    }

    /// Runs it and returns what it did, whether it succeeded or not. Blocks the thread.
    public func outcome() throws -> Outcome {
        if let namespace {
            var here = self
            here.namespace = nil
            let command = here
            return try namespace.run { try command.outcome() }
        }
        let files = try (0..<3).map { _ in
            Descriptor(owning: try check("make a file in memory") { clinux_memfd("stream") })
        }
        // The program's children share the place where they write, and the kernel does not keep them apart there.
        for file in files { _ = fcntl(file.number, F_SETFL, O_APPEND) }
        if !input.isEmpty {
            try files[0].write(Array(input.utf8))
            lseek(files[0].number, 0, SEEK_SET)
        }
        let process = try ChildProcess(
            arguments, environment: environment, input: .descriptor(files[0]), output: .descriptor(files[1]),
            errors: .descriptor(files[2]))
        guard let exit = try process.wait(timeout: deadline) else {
            process.signal(SIGKILL)
            _ = try process.wait()
            throw CommandError(command: description, message: "killed after \(deadline)")
        }
        return Outcome(
            exit: exit, output: String(decoding: try files[1].contents(), as: UTF8.self),
            errors: String(decoding: try files[2].contents(), as: UTF8.self))
    }

    /// Runs it and returns its output; throws when it fails. Blocks the thread.
    @discardableResult
    public func run() throws -> String {
        let outcome = try outcome()
        guard outcome.succeeded else {
            let words = outcome.errors.isEmpty ? outcome.output : outcome.errors
            let text = words.split(whereSeparator: \.isNewline).joined(separator: "; ")
            throw CommandError(command: description, message: text.isEmpty ? "\(outcome.exit)" : text)
        }
        return outcome.output
    }

    /// The same for async callers: the task is suspended while the program runs.
    @discardableResult
    public func run() async throws -> String { try await onThread { try run() } }

    /// The same for async callers: the task is suspended while the program runs.
    public func outcome() async throws -> Outcome { try await onThread { try outcome() } }
}

/// A program failed, or did not end in time.
public struct CommandError: Error, Hashable, Sendable, CustomStringConvertible {
    public let command: String
    /// The program's own words.
    public let message: String

    public init(command: String, message: String) {
        self.command = command
        self.message = message
    }

    public var description: String { "\(command): \(message)" }
}
