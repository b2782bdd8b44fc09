public import Core
public import Model

/// Where one writer's status is kept: files where there is no API server.
///
/// Used by the status plane's thread only.
public protocol StatusStore: Sendable {
    /// The objects about which this writer says something now. Begins to watch.
    func objects() throws -> Set<ObjectID>
    /// Whether exactly this is said about an object now; nil stands for nothing.
    func holds(_ status: ObjectOverlay?, of object: ObjectID) throws -> Bool
    /// Says this about an object; nil takes back what was said.
    func save(_ status: ObjectOverlay?, of object: ObjectID) throws
    /// Takes back what all writers but these and this one have said about objects of a kind.
    func forgetAll(but writers: Set<String>, about kind: String) throws
    /// How often it has been written to.
    var writes: Int { get }
    /// What may have been changed by somebody since the last call.
    func touched() throws -> StatusNews
}

/// Which objects' status may have changed.
public enum StatusNews: Sendable, Hashable {
    case objects(Set<ObjectID>)
    /// Some news is lost: everything has to be looked at.
    case everything
}
