import Glibc
import Linux
import Supervision
import Synchronization

/// Collects what a supervisor reports, and waits for it.
final class Watch: Sendable {
    private let seen = Mutex<[SupervisionEvent]>([])
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }

    var events: [SupervisionEvent] { seen.withLock { $0 } }

    func take(_ event: SupervisionEvent) {
        seen.withLock { $0.append(event) }
        continuation.yield()
    }

    func wait(until holds: ([SupervisionEvent]) -> Bool) async {
        if holds(events) { return }
        for await _ in stream where holds(events) { return }
    }
}

/// A directory that is gone with its owner.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = "/tmp/ovbt-sup-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try Files.makeDirectory(path)
    }

    deinit { _ = try? Command("rm", "-rf", path).run() }

    func sleeper(_ seconds: String = "1000") -> SupervisedProcess {
        SupervisedProcess(
            "sleeper", ["sleep", seconds], pidFile: "\(path)/sleeper.pid", outputFile: "\(path)/sleeper.out")
    }
}

/// Runs a supervisor while the body runs, then leaves its services running.
func supervising(
    _ supervisor: Supervisor, _ body: () async throws -> Void
) async throws {
    let (ready, continuation) = AsyncStream.makeStream(of: Void.self)
    let task = Task { try await supervisor.run(started: { continuation.yield() }) }
    for await _ in ready { break }
    do { try await body() } catch {
        task.cancel()
        await supervisor.stop()
        throw error
    }
    task.cancel()
    _ = await task.result
}

func isAlive(_ pid: pid_t?) -> Bool { pid.map { kill($0, 0) == 0 } ?? false }
