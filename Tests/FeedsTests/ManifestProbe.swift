import Core
import Feeds
import Glibc
import Linux
import Synchronization
import Testing

/// A directory that goes with the test.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/ovbt-manifests-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit { _ = try? Command("rm", "-rf", path).outcome() }

    subscript(_ name: String) -> String { "\(path)/\(name)" }

    func makeDirectory(_ name: String) throws { try Files.makeDirectory(self[name]) }

    /// Writes a file that is there whole at once.
    func write(_ name: String, _ text: String) throws {
        let path = self[name]
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try Files.makeDirectory(directory)
        try Files.write("\(directory)/.draft", text)
        try #require(rename("\(directory)/.draft", path) == 0)
    }

    /// Empties a file and fills it again.
    func overwrite(_ name: String, _ text: String) throws { try Files.write(self[name], text) }

    func remove(_ name: String) throws { try Files.remove(self[name]) }
    func move(_ name: String, to other: String) throws { try #require(rename(self[name], self[other]) == 0) }
    func link(_ target: String, at name: String) throws { try #require(symlink(target, self[name]) == 0) }
}

/// Runs a feed and keeps what it says; waits for states, never for time.
final class FeedProbe: Sendable {
    struct State: Sendable {
        var objects: [ObjectID: any Kind] = [:]
        var failures: [FeedFailure] = []
        var isListed = false
        var log: [String] = []

        var names: [String] { objects.keys.map(\.description).sorted() }
        var problems: [String] { failures.map(\.reason) }
    }

    private struct Waiter: Sendable {
        let condition: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let inner = Mutex<(state: State, waiter: Waiter?)>((State(), nil))

    var state: State { inner.withLock { $0.state } }

    static func with(_ feed: some Feed, _ body: @Sendable (FeedProbe) async throws -> Void) async throws {
        let probe = FeedProbe()
        let task = Task {
            let result: Result<Void, any Error>
            do { result = .success(try await feed.run { probe.take($0) }) } catch { result = .failure(error) }
            probe.end(result)
        }
        do {
            try await body(probe)
        } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        // The feed ends when its task is cancelled.
        await task.value
    }

    func until(_ condition: @escaping @Sendable (State) -> Bool) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let holds = inner.withLock { inner in
                    if condition(inner.state) { return true }
                    inner.waiter = Waiter(condition: condition, continuation: continuation)
                    return false
                }
                if holds { continuation.resume() }
                // It may have come before the waiter was there.
                if Task.isCancelled { end(.failure(CancellationError())) }
            }
        } onCancel: {
            end(.failure(CancellationError()))
        }
    }

    struct FeedEnded: Error {}

    private func end(_ result: Result<Void, any Error>) {
        let waiter = inner.withLock { inner in
            defer { inner.waiter = nil }
            return inner.waiter
        }
        waiter?.continuation.resume(with: result.flatMap { .failure(FeedEnded()) })
    }

    private func take(_ event: FeedEvent) {
        let waiter = inner.withLock { inner -> Waiter? in
            inner.state.take(event)
            guard let waiter = inner.waiter, waiter.condition(inner.state) else { return nil }
            inner.waiter = nil
            return waiter
        }
        waiter?.continuation.resume()
    }
}

extension FeedProbe.State {
    fileprivate mutating func take(_ event: FeedEvent) {
        switch event {
        case .changes(_, let changes, _):
            for change in changes {
                switch change {
                case .put(let object):
                    objects[object.id] = object
                    log.append("put \(object.id)")
                case .remove(let id):
                    objects[id] = nil
                    log.append("remove \(id)")
                }
            }
        case .listed:
            isListed = true
            log.append("listed")
        case .failed(_, let failures):
            self.failures = failures
            log.append("failed \(failures.map(\.reason))")
        }
    }
}
