import Model

/// Policies as this test's own model has them: close to the text of the Kubernetes API, and not the program's types.
struct PolicyDocument: Hashable, Sendable {
    var namespace: String
    var name: String
    var subject: Selector
    /// Nil leaves the field out.
    var types: [String]?
    var ingress: [Rule]?
    var egress: [Rule]?

    struct Selector: Hashable, Sendable {
        var labels: [String: String] = [:]
        var expressions: [Expression] = []

        struct Expression: Hashable, Sendable {
            var key: String
            var word: String
            var values: [String]
        }
    }

    struct Rule: Hashable, Sendable {
        /// Empty: everybody.
        var peers: [Peer] = []
        /// Empty: every port.
        var ports: [Port] = []
    }

    enum Peer: Hashable, Sendable {
        case pods(namespaces: Selector?, pods: Selector?)
        case block(String, except: [String])
    }

    struct Port: Hashable, Sendable {
        var transport: TransportProtocol?
        var number: Int?
        var name: String?
        var end: Int?
    }
}

extension PolicyDocument {
    var json: JSON {
        var spec: [(String, JSON)] = [("podSelector", subject.json)]
        if let types { spec.append(("policyTypes", .array(types.map { .string($0) }))) }
        if let ingress { spec.append(("ingress", .array(ingress.map { $0.json("from") }))) }
        if let egress { spec.append(("egress", .array(egress.map { $0.json("to") }))) }
        return [
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": .object(JSONObject(spec)),
        ]
    }
}

extension PolicyDocument.Selector {
    var json: JSON {
        [
            "matchLabels": .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "matchExpressions": .array(
                expressions.map { one in
                    var fields: [(String, JSON)] = [("key", .string(one.key)), ("operator", .string(one.word))]
                    if !one.values.isEmpty { fields.append(("values", .array(one.values.map { .string($0) }))) }
                    return .object(JSONObject(fields))
                }),
        ]
    }
}

extension PolicyDocument.Rule {
    func json(_ key: String) -> JSON {
        var fields: [(String, JSON)] = []
        if !peers.isEmpty { fields.append((key, .array(peers.map(\.json)))) }
        if !ports.isEmpty { fields.append(("ports", .array(ports.map(\.json)))) }
        return .object(JSONObject(fields))
    }
}

extension PolicyDocument.Peer {
    var json: JSON {
        switch self {
        case .pods(let namespaces, let pods):
            var fields: [(String, JSON)] = []
            if let namespaces { fields.append(("namespaceSelector", namespaces.json)) }
            if let pods { fields.append(("podSelector", pods.json)) }
            return .object(JSONObject(fields))
        case .block(let network, let except):
            return ["ipBlock": ["cidr": .string(network), "except": .array(except.map { .string($0) })]]
        }
    }
}

extension PolicyDocument.Port {
    var json: JSON {
        var fields: [(String, JSON)] = []
        if let transport { fields.append(("protocol", .string(transport.rawValue))) }
        if let number { fields.append(("port", .integer(number))) }
        if let name { fields.append(("port", .string(name))) }
        if let end { fields.append(("endPort", .integer(end))) }
        return .object(JSONObject(fields))
    }
}
