import Glibc
import Synchronization

/// A piece of work on its way to a thread.
private final class Job: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func start(_ run: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Job(run)).toOpaque()
    let code = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }, argument)
    precondition(code == 0, "no thread to be had: \(SystemError.text(of: code))")
    return thread
}

/// Runs the body on a thread of its own and waits for it. The thread ends with the body, so what the body does to its
/// thread (such as moving it to another namespace) is seen by nobody else.
///
/// Blocks the caller: from an async function use the async variant.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let slot = Mutex<Result<Value, any Error>?>(nil)
    let box = SlotBox(slot)
    let thread = start { box.slot.withLock { $0 = Result { try body() } } }
    pthread_join(thread, nil)
    guard let result = box.slot.withLock({ $0 }) else { preconditionFailure("a thread ended without a result") }
    return try result.get()
}

private final class SlotBox<Value: Sendable>: Sendable {
    let slot: Mutex<Result<Value, any Error>?>
    init(_ slot: consuming Mutex<Result<Value, any Error>?>) { self.slot = slot }
}

/// Runs a blocking body on a thread of its own while the task is suspended.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = start { continuation.resume(with: Result { try body() }) }
        pthread_detach(thread)
    }
}
