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

/// What an API server and a scheduler add to a pod that does not say it: a uid, and a node in turn. The same again after
/// a restart.
struct Admissions: Sendable, Equatable {
    private struct Admission: Equatable {
        var node = ""
        var uid = ""
    }

    private var given: [String: Admission] = [:]
    private let all: [String]
    private var turn: Int

    init(_ all: [String], saved text: String? = nil) {
        self.all = all
        let saved = text.flatMap { try? JSON(parsing: $0) } ?? .null
        for pod in (try? JSONCursor(saved).members()) ?? [] {
            given[pod.key] = Admission(
                node: (try? pod.value["node"].string()) ?? "", uid: (try? pod.value["uid"].string()) ?? "")
        }
        turn = given.values.count { !$0.node.isEmpty }
    }

    /// The pod as it is to be.
    mutating func admit(_ pod: Pod) -> Pod {
        let key = "\(pod.namespace)/\(pod.name)"
        var pod = pod
        if pod.uid.isEmpty {
            if given[key]?.uid.isEmpty != false { given[key, default: Admission()].uid = Self.uid() }
            pod.uid = given[key]?.uid ?? ""
        }
        if pod.nodeName.isEmpty {
            if given[key].map({ all.contains($0.node) }) != true {
                given[key, default: Admission()].node = all[turn % all.count]
                turn += 1
            }
            pod.nodeName = given[key]?.node ?? ""
        }
        return pod
    }

    /// Takes back the uids of pods that are gone: one that comes later under the same name is another one.
    mutating func forget(allBut pods: some Sequence<Pod>) {
        let kept = Set(pods.map { "\($0.namespace)/\($0.name)" })
        for key in given.keys where !kept.contains(key) { given[key]?.uid = "" }
    }

    private static func uid() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = (0..<32).map { _ in String(UInt8.random(in: 0..<16, using: &random), radix: 16) }
        let bounds = [0, 8, 12, 16, 20, 32]
        return zip(bounds, bounds.dropFirst()).map { digits[$0..<$1].joined() }.joined(separator: "-")
    }

    var text: String {
        let members = given.sorted { $0.key < $1.key }.map { key, admission in
            (key, JSON.object(JSONObject([("node", .string(admission.node)), ("uid", .string(admission.uid))])))
        }
        return JSON.object(JSONObject(members)).text(.pretty)
    }
}
