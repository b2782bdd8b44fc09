import Glibc

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: CInt
    /// What was tried, for the reader: `open /run/netns/a`.
    public let operation: String

    public init(_ operation: String, code: CInt) {
        self.operation = operation
        self.code = code
    }

    /// The error that the thread's last call left behind.
    public init(last operation: String) { self.init(operation, code: errno) }

    /// The system's words for an error code: `No such file or directory`.
    public static func text(of code: CInt) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }

    public var description: String { "\(operation): \(Self.text(of: code))" }
}

/// Repeats a call that a signal interrupts, and throws when it fails for another reason.
@discardableResult
func check<Result: SignedInteger>(
    _ operation: @autoclosure () -> String, _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { throw SystemError(last: operation()) }
    }
}
