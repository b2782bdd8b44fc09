public import Core

/// A plane that tells how much it has written, and that compares everything when it is asked to.
public protocol AuditedPlane: Plane {
    /// How often it has changed something since the daemon started: transactions, changes of the host, bundles, files.
    var writes: Int { get }
    /// Compares all that is there with all that is desired, as at start, and puts right what differs. Nil when it
    /// cannot tell: nothing is desired yet, or what it writes to does not answer.
    func audit() async -> Audit?
}

/// What a full comparison found.
public struct Audit: Sendable, Hashable {
    /// The rows that were not as desired, or that nobody desires any more.
    public let differences: [RowID]
    /// How much had to be written to put them right.
    public let writes: Int

    public init(differences: [RowID], writes: Int) {
        self.differences = differences
        self.writes = writes
    }
}
