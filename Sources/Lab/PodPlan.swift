import Model

/// What of a pod makes a new one of it when it changes: all but labels and annotations.
struct PodPlan: Sendable, Hashable {
    let namespace: String
    let name: String
    let uid: String
    let node: String
    let hostNetwork: Bool
    let containers: [Pod.Container]

    init(_ pod: Pod, on node: String) {
        namespace = pod.namespace
        name = pod.name
        uid = pod.uid
        self.node = node
        hostNetwork = pod.hostNetwork
        containers = pod.containers
    }

    var key: String { "\(namespace)/\(name)" }

    /// The same for the same plan, also in another process.
    var text: String {
        let containers = containers.map { container -> JSON in
            [
                "name": .string(container.name),
                "command": .array((container.command + container.args).map { .string($0) }),
                "environment": .array(container.environment.map { .string("\($0.name)=\($0.value)") }),
                "directory": .string(container.workingDirectory),
            ]
        }
        let json: JSON = [
            "pod": .string(key), "uid": .string(uid), "node": .string(node), "hostNetwork": .boolean(hostNetwork),
            "containers": .array(containers),
        ]
        return json.text()
    }

    /// Reads `text`.
    init(text: String) throws {
        let cursor = JSONCursor(try JSON(parsing: text))
        let pod = try cursor["pod"].string().split(separator: "/", maxSplits: 1).map(String.init)
        guard pod.count == 2 else { throw cursor["pod"].badValue("a pod") }
        namespace = pod[0]
        name = pod[1]
        uid = try cursor["uid"].string()
        node = try cursor["node"].string()
        hostNetwork = try cursor["hostNetwork"].boolean()
        containers = try cursor["containers"].elements().map { each in
            Pod.Container(
                name: try each["name"].string(), command: try each["command"].strings(),
                environment: try each["environment"].strings().map { variable in
                    let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    return Pod.Variable(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
                }, workingDirectory: try each["directory"].string())
        }
    }
}

/// Which node takes a pod that does not say it: in turn, and the same again after a restart.
struct Placements: Sendable {
    private(set) var nodes: [String: String]
    private let all: [String]
    private var turn: Int

    init(_ all: [String], saved text: String? = nil) {
        self.all = all
        let json = text.flatMap { try? JSON(parsing: $0) }
        nodes = json.flatMap { try? JSONCursor($0).stringMap() } ?? [:]
        turn = nodes.count
    }

    mutating func node(for pod: Pod) -> String {
        if !pod.nodeName.isEmpty { return pod.nodeName }
        let key = "\(pod.namespace)/\(pod.name)"
        if let node = nodes[key], all.contains(node) { return node }
        let node = all[turn % all.count]
        turn += 1
        nodes[key] = node
        return node
    }

    var text: String { JSON.object(JSONObject(nodes)).text(.pretty) }
}
