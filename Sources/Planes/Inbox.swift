import Core
import Synchronization

/// What a plane has been told and has not seen yet: deltas, and requests for a full comparison.
///
/// Anybody puts things in; one run takes them out, and must answer all who asked.
final class Inbox: Sendable {
    private struct Contents {
        var deltas: [Delta] = []
        var askers: [CheckedContinuation<Audit?, Never>] = []
    }

    private let contents = Mutex(Contents())
    private let wake: @Sendable () -> Void

    /// - Parameter wake: makes the plane look here.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    var hasDeltas: Bool { contents.withLock { !$0.deltas.isEmpty } }

    func put(_ delta: Delta) {
        contents.withLock { $0.deltas.append(delta) }
        wake()
    }

    /// Asks for a full comparison and waits for what it finds.
    func audit() async -> Audit? {
        await withCheckedContinuation { asker in
            contents.withLock { $0.askers.append(asker) }
            wake()
        }
    }

    func takeDeltas() -> [Delta] {
        contents.withLock { contents in
            defer { contents.deltas = [] }
            return contents.deltas
        }
    }

    func takeAskers() -> [CheckedContinuation<Audit?, Never>] {
        contents.withLock { contents in
            defer { contents.askers = [] }
            return contents.askers
        }
    }

    /// Tells those who asked that nothing can be said.
    func disappoint() { takeAskers().forEach { $0.resume(returning: nil) } }
}
