/// Why a command about a lab did not do what it should, in the form all messages have.
public struct LabFailure: Error, Sendable, Hashable {
    /// What failed, where, and one word for it: `there is no lab shop (NotFound)`.
    public let what: String
    public let because: String?
    /// One command that helps.
    public let next: String?
    /// 1: no; 2: wrong command line; 3: could not find out.
    public let exitCode: Int32

    public init(_ what: String, because: String? = nil, next: String? = nil, exitCode: Int32 = 3) {
        self.what = what
        self.because = because
        self.next = next
        self.exitCode = exitCode
    }
}

/// Is told how far a long command is.
public protocol LabProgress: Sendable {
    /// A step has ended well.
    func done(_ step: String, _ detail: String, after: Duration)
    /// What a step still waits for, every ten seconds.
    func waiting(_ step: String, for what: String)
}
