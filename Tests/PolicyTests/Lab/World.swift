import Model

/// All objects of a moment.
struct World: Sendable {
    /// Labels by namespace.
    var namespaces: [String: [String: String]]
    var annotations: [String: [String: String]] = [:]
    var pods: [TestPod]
    var policies: [PolicyDocument] = []
    /// Whole documents besides.
    var more: [JSON] = []

    /// Three namespaces with three pods each, on two nodes.
    static let standard = World(
        namespaces: ["x": ["ns": "x", "team": "red"], "y": ["ns": "y"], "z": ["ns": "z", "team": "blue"]],
        pods: ["x", "y", "z"].flatMap { namespace in
            ["a", "b", "c"].map { name in
                TestPod(
                    namespace: namespace, name: name,
                    labels: ["pod": name].merging(name == "a" ? ["tier": "front"] : [:]) { own, _ in own },
                    node: name == "c" ? "n2" : "n1",
                    // With one pod of y the names are the other way round, and no pod c has any.
                    ports: name == "c" ? [:] : ports(reversed: namespace == "y" && name == "b"))
            }
        })

    private static func ports(reversed: Bool) -> [String: String] {
        var ports: [String: String] = [:]
        for port in [80, 81] {
            for word in ["TCP", "UDP", "SCTP"] {
                ports["\(word)/\(port)"] = "serve-\(reversed ? 161 - port : port)-\(word.lowercased())"
            }
        }
        return ports
    }

    func text(step: Int) -> String {
        var documents: [JSON] = []
        for (name, labels) in namespaces.sorted(by: { $0.key < $1.key }) {
            documents.append([
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": [
                    "name": .string(name), "labels": Self.map(labels),
                    "annotations": Self.map(annotations[name] ?? [:]),
                ],
            ])
        }
        documents += pods.map(\.json) + policies.map(\.json) + more
        documents.append([
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": ["name": "step", "annotations": ["step": .string("step-\(step)")]],
        ])
        return documents.map { $0.text() }.joined(separator: "\n---\n") + "\n"
    }

    static func map(_ texts: [String: String]) -> JSON {
        .object(JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

extension TestPod {
    var json: JSON {
        let list = ports.sorted { $0.key < $1.key }.map { key, name -> JSON in
            let parts = key.split(separator: "/")
            return [
                "name": .string(name), "protocol": .string(String(parts[0])),
                "containerPort": .integer(Int(parts[1]) ?? 0),
            ]
        }
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": World.map(labels)],
            "spec": [
                "nodeName": .string(node),
                "containers": [
                    [
                        "name": "main", "image": "none", "command": ["sleep", "infinity"], "ports": .array(list),
                    ]
                ],
            ],
        ]
    }
}
