/// One piece of news about an object.
public enum ObjectChange: Sendable {
    case put(any Kind)
    case remove(ObjectID)

    public var id: ObjectID {
        switch self {
        case .put(let object): object.id
        case .remove(let id): id
        }
    }
}

/// Who waits for a change: a pod that cannot start without its network goes before everything else.
public enum Lane: Sendable, Hashable {
    case attachment
    case bulk
}

/// Something a feed could not read, for the operator.
public struct FeedFailure: Error, Hashable, Sendable {
    /// Where: `web.yaml:12`, an object, an interface.
    public let source: String
    /// One word: `BadYAML`.
    public let reason: String
    public let message: String

    public init(source: String, reason: String, message: String) {
        self.source = source
        self.reason = reason
        self.message = message
    }
}

/// What a feed tells the core.
public enum FeedEvent: Sendable {
    case changes(feed: String, [ObjectChange], lane: Lane)
    /// The first listing is complete. Until all feeds have said so, no plane writes anything.
    case listed(feed: String)
    /// The problems that the feed has now; an empty list when it has none.
    case failed(feed: String, [FeedFailure])
}

/// What brings objects. `run` returns when its task is cancelled.
public protocol Feed: Sendable {
    var name: String { get }
    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws
}

/// What a plane tells the core.
public enum PlaneReport: Sendable {
    /// Everything up to this turn is in force, but for the rows that are refused.
    case confirmed(plane: String, turn: UInt64)
    /// The rows that are refused now, with the engine's words.
    case refused(plane: String, rows: [RowID: String])
    /// Rows that somebody else had changed and that are right again.
    case repaired(plane: String, rows: [RowID])
    case connected(plane: String, Bool)
}

/// What realises rows: compares what is desired with what is, and applies the difference.
///
/// The first delta is the whole desired table and comes when all feeds have listed; before it a plane writes nothing.
public protocol Plane: Sendable {
    var name: String { get }
    /// Takes a delta; never blocks.
    func apply(_ delta: Delta)
    /// Works until its task is cancelled. What it has put in place stays.
    func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws
}
