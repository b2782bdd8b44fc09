import Glibc
public import Linux

/// A network namespace that is gone when the test is over.
public final class TestNamespace: Sendable {
    public let name: String
    public let namespace: NetworkNamespace

    /// Makes `ovbt-NAME-PID`.
    public init(_ name: String) throws {
        self.name = "ovbt-\(name)-\(getpid())"
        namespace = try NetworkNamespace.create(self.name)
    }

    deinit { try? NetworkNamespace.delete(name) }

    /// Runs an iproute2 or other program inside.
    @discardableResult
    public func run(_ line: String) throws -> String {
        try Command(line.split(separator: " ").map(String.init), in: namespace).run()
    }

    public func socket() throws -> NetlinkSocket { try namespace.run { try NetlinkSocket() } }
}
