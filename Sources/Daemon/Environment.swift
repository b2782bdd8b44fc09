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

/// Signals that ask the process to end.
enum Signals {
    /// Waits for one of them, or for the task to be cancelled.
    static func first(_ numbers: Int32...) async {
        let (stream, bell) = AsyncStream<Void>.makeStream()
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { bell.yield() }
            source.resume()
            return source
        }
        for await _ in stream { break }
        sources.forEach { $0.cancel() }
    }
}
