import Dispatch
import Glibc
import Linux

/// What the process is told by the machine it runs on.
enum Environment {
    static var all: [String: String] {
        var result: [String: String] = [:]
        var at = environ
        while let entry = at.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            at += 1
        }
        return result
    }

    static var hostName: String { KernelSettings.value("kernel/hostname") ?? "" }

    /// The source ports that the kernel gives out by itself.
    static var kernelPorts: ClosedRange<Int>? {
        let numbers = KernelSettings.value("net/ipv4/ip_local_port_range")?
            .split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard let numbers, numbers.count == 2, numbers[0] <= numbers[1] else { return nil }
        return numbers[0]...numbers[1]
    }
}

/// Signals that ask the process for something.
enum Signals {
    /// Waits for one of them, or for the task to be cancelled.
    static func first(_ numbers: Int32...) async {
        for await _ in stream(numbers) { break }
    }

    /// One element for each that comes, from now on; those that come while one is being answered count as one.
    static func stream(_ numbers: Int32...) -> AsyncStream<Void> { stream(numbers) }

    private static func stream(_ numbers: [Int32]) -> AsyncStream<Void> {
        let (stream, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        for number in numbers {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler keeps its source, as long as somebody listens.
            source.setEventHandler { if case .terminated = bell.yield() { source.cancel() } }
            source.resume()
        }
        return stream
    }
}
