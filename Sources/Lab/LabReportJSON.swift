import Core
public import Model

extension LabReport {
    /// As the lab's supervisor tells it to commands, and as `-o json` prints it.
    public func json(revision: Int) -> JSON {
        [
            "revision": .integer(revision), "isListed": .boolean(isListed), "objects": .integer(objects),
            "nodes": .array(nodes.map(\.json)), "cluster": cluster.json, "pods": .array(pods.map(\.json)),
            "problems": .array(problems.map { .string($0) }), "missing": .array(missing.map { .string($0) }),
        ]
    }

    /// Reads what `json` wrote.
    public init(_ json: JSON) throws(Rejection) {
        let cursor = JSONCursor(json)
        nodes = try cursor["nodes"].elements().map { each throws(Rejection) in try NodeState(each) }
        cluster = try NodeState(cursor["cluster"])
        pods = try cursor["pods"].elements().map { each throws(Rejection) in try PodState(each) }
        problems = try cursor["problems"].strings()
        objects = try cursor["objects"].integer()
        isListed = try cursor["isListed"].boolean()
    }
}

extension NodeState {
    fileprivate var json: JSON {
        [
            "name": .string(name), "phase": .string(phase), "pid": pid.map { .integer($0) } ?? .null,
            "restarts": .integer(restarts), "isReady": .boolean(isReady), "message": .string(message),
        ]
    }

    fileprivate init(_ cursor: JSONCursor) throws(Rejection) {
        name = try cursor["name"].string()
        phase = try cursor["phase"].string()
        pid = try cursor["pid"].optional { each throws(Rejection) in try each.integer() }
        restarts = try cursor["restarts"].integer()
        isReady = try cursor["isReady"].boolean()
        message = try cursor["message"].string()
    }
}

extension PodState {
    fileprivate var json: JSON {
        [
            "namespace": .string(namespace), "name": .string(name), "node": .string(node),
            "phase": .string(phase.rawValue), "sandbox": .string(sandbox),
            "addresses": .array(addresses.map { .string($0) }), "message": .string(message),
            "attachMilliseconds": attachMilliseconds.map { .integer($0) } ?? .null, "restarts": .integer(restarts),
        ]
    }

    fileprivate init(_ cursor: JSONCursor) throws(Rejection) {
        namespace = try cursor["namespace"].string()
        name = try cursor["name"].string()
        node = try cursor["node"].string()
        phase = try cursor["phase"].choice()
        sandbox = try cursor["sandbox"].string()
        addresses = try cursor["addresses"].strings()
        message = try cursor["message"].string()
        attachMilliseconds = try cursor["attachMilliseconds"].optional { each throws(Rejection) in
            try each.integer()
        }
        restarts = try cursor["restarts"].integer()
    }
}
