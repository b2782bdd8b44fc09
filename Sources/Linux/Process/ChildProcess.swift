import CLinux
import Glibc
import Synchronization

/// A process that this one has started.
public final class ChildProcess: Sendable {
    /// Where a stream of the process goes.
    public enum Stream: Sendable {
        case null
        case inherited
        case descriptor(Descriptor)
    }

    public enum Exit: Hashable, Sendable {
        case code(Int)
        case signal(Int)
    }

    public let pid: pid_t
    private let ended: Descriptor
    private let exit = Mutex<Exit?>(nil)

    /// Starts a program, which is looked up in PATH unless it has a slash. It runs in the network namespace of the
    /// calling thread and has no open files but the three streams.
    public init(
        _ arguments: [String], environment: [String: String]? = nil, input: Stream = .null, output: Stream = .inherited,
        errors: Stream = .inherited
    ) throws(SystemError) {
        guard let program = arguments.first else { throw SystemError("start a process without a name", code: EINVAL) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [input, output, errors].enumerated() {
            switch stream {
            case .null: posix_spawn_file_actions_addopen(&actions, CInt(number), "/dev/null", O_RDWR, 0)
            case .inherited: break
            case .descriptor(let file): posix_spawn_file_actions_adddup2(&actions, file.number, CInt(number))
            }
        }
        // Not every library opens its sockets so that they close by themselves.
        _ = clinux_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let variables = environment.map { $0.map { "\($0.key)=\($0.value)" } } ?? Self.inheritedEnvironment()
        var pid: pid_t = 0
        let code = Self.withCStrings(arguments) { argv in
            Self.withCStrings(variables) { envp in
                posix_spawnp(&pid, program, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else { throw SystemError("start \(program)", code: code) }
        self.pid = pid
        ended = Descriptor(owning: try check("watch process \(pid)") { clinux_pidfd_open(pid) })
    }

    private static func inheritedEnvironment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let text = next.pointee {
            variables.append(String(cString: text))
            next += 1
        }
        return variables
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { copies.forEach { free($0) } }
        return copies.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }

    /// Waits for the end, or until the time is over: then nil, and the process runs on. Blocks the thread.
    public func wait(timeout: Duration? = nil) throws(SystemError) -> Exit? {
        let milliseconds = timeout.map { CInt(clamping: Int64($0 / .milliseconds(1)) + 1) } ?? -1
        var polls = pollfd(fd: ended.number, events: Int16(POLLIN), revents: 0)
        guard try check("wait for process \(pid)", { poll(&polls, 1, milliseconds) }) > 0 else { return nil }
        let result: Result<Exit, SystemError> = exit.withLock { exit in
            if let exit { return .success(exit) }
            var status: CInt = 0
            guard waitpid(pid, &status, 0) == pid else { return .failure(SystemError(last: "wait for process \(pid)")) }
            let end = status & 0x7f == 0 ? Exit.code(Int(status >> 8 & 0xff)) : Exit.signal(Int(status & 0x7f))
            exit = end
            return .success(end)
        }
        return try result.get()
    }

    /// Sends a signal; a process that has ended is fine.
    public func signal(_ number: CInt) {
        exit.withLock { exit in
            if exit == nil { kill(pid, number) }
        }
    }

    /// Asks it to end, waits, and kills it when it does not.
    @discardableResult
    public func stop(grace: Duration = .seconds(5)) throws(SystemError) -> Exit? {
        signal(SIGTERM)
        if let exit = try wait(timeout: grace) { return exit }
        signal(SIGKILL)
        return try wait()
    }
}
