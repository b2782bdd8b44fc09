/// How the OpenFlow plane speaks to a switch. Everything blocks the calling thread.
protocol FlowSink: Sendable {
    /// The flows in the form in which the switch prints them, in order; an error text for a flow that is no flow.
    /// The cookie and the ports' names are resolved already.
    func normalise(_ flows: [String]) throws -> [Normalised]

    /// The bridges of the running switch with their ports' numbers by name; nil while no switch runs.
    func ports() throws -> [String: [String: Int]]?

    /// Whether a bridge takes flows now.
    func isReachable(_ bridge: String) -> Bool

    /// The flows of a bridge: all of them, or those with our mark.
    func dump(_ bridge: String, onlyMarked: Bool) throws -> [FlowKey: FlowBody]

    /// Applies all changes at once, or none. Nil when they went in.
    func apply(_ changes: [FlowChange], to bridge: String) throws -> FlowRefusal?

    /// How many flows of a bridge have our mark.
    func count(_ bridge: String) throws -> Int

    /// The flows of a table that the switch has learned from flows of ours.
    func learned(_ bridge: String, table: Int) throws -> [LearnedFlow]

    /// Applies lines as `ovs-ofctl add-flows` reads them.
    func change(_ bridge: String, lines: [String]) throws
}

enum Normalised: Sendable, Equatable {
    case flow(FlowKey, actions: String)
    case invalid(String)
}

enum FlowChange: Sendable, Equatable {
    case add(FlowKey, FlowBody)
    case delete(FlowKey)

    var key: FlowKey {
        switch self {
        case .add(let key, _), .delete(let key): key
        }
    }

    func isAlreadySo(in flows: [FlowKey: FlowBody]) -> Bool {
        switch self {
        case .add(let key, let body): flows[key] == body
        case .delete(let key): flows[key] == nil
        }
    }
}

/// Why a bundle did not go in.
struct FlowRefusal: Error, Sendable, Equatable {
    /// The flows that the switch names, if it names any.
    let flows: [FlowKey: String]
    let message: String
}
