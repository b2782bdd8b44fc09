import Glibc
import Linux

/// A network namespace that is gone when the test is over.
final class TestNamespace: Sendable {
    let name: String
    let namespace: NetworkNamespace

    init(_ name: String) throws {
        self.name = "ovbt-\(name)-\(getpid())"
        namespace = try NetworkNamespace.create(self.name)
    }

    deinit { try? NetworkNamespace.delete(name) }

    /// Runs an iproute2 or other program inside.
    @discardableResult
    func run(_ line: String) throws -> String {
        try Command(line.split(separator: " ").map(String.init), in: namespace).run()
    }

    func socket() throws -> NetlinkSocket { try namespace.run { try NetlinkSocket() } }
}
