import CLinux
import Glibc
import Synchronization

/// What a thread of a feed or a plane sleeps on: other threads wake it, and so do descriptors that become readable.
public final class Waker: Sendable {
    private let event: Descriptor
    private let cancelled = Atomic<Bool>(false)

    public init() throws(SystemError) {
        event = Descriptor(
            owning: try check("eventfd") { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) })
    }

    public var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    public func wake() { eventfd_write(event.number, 1) }

    public func cancel() {
        cancelled.store(true, ordering: .releasing)
        wake()
    }

    /// Sleeps until somebody wakes the thread, a descriptor is readable, or the time is over. Returns the descriptors
    /// that are readable.
    public func wait(for descriptors: [Descriptor] = [], timeout: Duration? = nil) -> [Descriptor] {
        var polls = ([event] + descriptors).map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        let milliseconds = timeout.map { CInt(clamping: $0 / .milliseconds(1) + 0.999) } ?? -1
        guard poll(&polls, nfds_t(polls.count), milliseconds) > 0 else { return [] }
        if polls[0].revents != 0 {
            var count: eventfd_t = 0
            eventfd_read(event.number, &count)
        }
        return zip(descriptors, polls.dropFirst()).filter { $1.revents != 0 }.map(\.0)
    }

    /// Runs the body on a thread of its own until it returns; a cancelled task cancels the waker.
    public func runThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withTaskCancellationHandler {
            try await onThread(body)
        } onCancel: {
            cancel()
        }
    }
}

extension CInt {
    fileprivate init(clamping value: Double) { self = value >= Double(CInt.max) ? .max : CInt(Swift.max(value, 0)) }
}
