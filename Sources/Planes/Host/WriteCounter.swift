import Synchronization

/// Counts what changes the state of the machine, so that a test can see that a restart writes nothing.
final class WriteCounter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
}
