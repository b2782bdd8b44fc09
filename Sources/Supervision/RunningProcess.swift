import CLinux
import Glibc
import Linux

/// A running service, a child of this process or one that an earlier supervisor left.
final class RunningProcess: Sendable {
    let pid: pid_t
    let isAdopted: Bool
    private let child: ChildProcess?
    /// Readable when the process has ended.
    private let ended: Descriptor

    private init(pid: pid_t, child: ChildProcess?) throws(SystemError) {
        let descriptor = clinux_pidfd_open(pid)
        guard descriptor >= 0 else { throw SystemError(last: "watch process \(pid)") }
        self.pid = pid
        self.child = child
        isAdopted = child == nil
        ended = Descriptor(owning: descriptor)
    }

    /// Starts the program; blocks.
    static func start(_ service: SupervisedProcess, in namespace: NetworkNamespace?) throws -> RunningProcess {
        try service.prepare()
        if let file = service.readyFile { try Files.remove(file) }
        let output = try Descriptor(open: service.outputFile, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o640)
        let environment = Environment.inherited.merging(service.environment) { _, own in own }
        let arguments = service.arguments
        let launch: @Sendable () throws -> ChildProcess = {
            try ChildProcess(
                arguments, environment: environment, output: .descriptor(output), errors: .descriptor(output))
        }
        let child = if let namespace { try namespace.run(launch) } else { try launch() }
        if !service.writesPIDFile { try Files.write(service.pidFile, ProcessNote(child.pid, arguments).text) }
        return try RunningProcess(pid: child.pid, child: child)
    }

    /// The process that the service's file names, when it is that service.
    ///
    /// One that runs with other arguments is stopped, so that a changed configuration takes hold.
    static func adopt(_ service: SupervisedProcess) throws -> RunningProcess? {
        guard let text = try? Files.read(service.pidFile),
            let note = service.writesPIDFile ? ProcessNote(ofProgram: text) : ProcessNote(text),
            let found = try? RunningProcess(pid: note.pid, child: nil),
            note.isTrue(of: service)
        else { return nil }
        if note.arguments.suffix(service.arguments.count) == service.arguments[...] { return found }
        found.stop(service)
        return nil
    }

    /// Waits for the end and says why; nil when the task was cancelled first.
    func end() async throws -> String? {
        let waker = try Waker()
        let ended = ended
        try await waker.runThread {
            while !waker.isCancelled, waker.wait(for: [ended]).isEmpty {}
        }
        return waker.isCancelled && !isOver() ? nil : reason()
    }

    func isOver() -> Bool { waitForEnd(within: .zero) }

    private func waitForEnd(within time: Duration) -> Bool {
        var entry = pollfd(fd: ended.number, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, CInt(time / .milliseconds(1))) > 0
    }

    private func reason() -> String {
        guard let child else { return "it is gone (it was not started by this supervisor)" }
        switch try? child.wait() {
        case .code(let code): return "exit code \(code)"
        case .signal(let number): return "killed by signal \(number)"
        case nil: return "it is gone"
        }
    }

    /// Ends the process; blocks until it is gone.
    func stop(_ service: SupervisedProcess) {
        switch service.stop {
        case .signal(let number): kill(pid, number)
        case .command(let arguments):
            let environment = Environment.inherited.merging(service.environment) { _, own in own }
            _ = try? Command(arguments, deadline: service.grace, environment: environment).outcome()
        }
        if !waitForEnd(within: service.grace) {
            kill(pid, SIGTERM)
            if !waitForEnd(within: .seconds(2)) {
                kill(pid, SIGKILL)
                _ = waitForEnd(within: .seconds(5))
            }
        }
        _ = try? child?.wait(timeout: .zero)
        if !service.writesPIDFile { try? Files.remove(service.pidFile) }
    }
}

enum Environment {
    static var inherited: [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let text = next.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return result
    }
}
