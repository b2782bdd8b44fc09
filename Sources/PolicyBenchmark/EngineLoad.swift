import Lab
import Model

/// Objects for a real engine: one node with pods of its own, and a cluster around it that is only told of.
///
/// Fifty pods to a namespace, and ten policies: deny all; the namespace within itself, in and out; monitoring; the
/// ingress controller; names; two tiers; a team's namespaces; one open to all pods.
struct EngineLoad {
    static let podsPerNamespace = 50
    let namespaces: Int
    let nodes: Int

    var pods: Int { namespaces * Self.podsPerNamespace }
    var policies: Int { namespaces * policyTexts(0).count }

    /// Nodes, namespaces and pods by file.
    func files() -> [String: String] {
        var files = ["nodes.json": Self.list((1..<nodes).map(nodeText))]
        for number in 0..<namespaces {
            files["ns\(number).json"] = Self.list(
                [namespaceText(number)] + (0..<Self.podsPerNamespace).map { podText(number, $0) })
        }
        return files
    }

    /// All policies, which come at once.
    var policyFile: String { Self.list((0..<namespaces).flatMap(policyTexts)) }

    static func list(_ items: [JSON]) -> String {
        #"{"apiVersion": "v1", "kind": "List", "items": ["# + items.map { $0.text() }.joined(separator: ",\n") + "]}"
    }

    private func nodeText(_ number: Int) -> JSON {
        let id = number + 100
        return [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string("far\(number)"),
                "annotations": [
                    NodeID.key: .string("\(id)"),
                    NodeSubnets.key: .string(#"{"default":["10.244.\#(number).0/24","fd00:10:244:\#(number)::/64"]}"#),
                    TransitAddresses.key: .string(
                        #"{"ipv4":"100.88.0.\#(id)/16","ipv6":"fd97::\#(String(id, radix: 16))/64"}"#),
                    ChassisID.key: .string("chassis-far\(number)"),
                    EncapsulationAddresses.key: .string(#"["172.30.1.\#(number)"]"#),
                ],
            ],
        ]
    }

    private func namespaceText(_ number: Int) -> JSON {
        let role = ["monitoring", "ingress", "dns"]
        return [
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": [
                "name": .string("ns\(number)"),
                "labels": [
                    "team": .string("team\(number % 5)"), "role": .string(number < 3 ? role[number] : "apps"),
                ],
            ],
        ]
    }

    /// Every so many pods one runs on the node of the lab.
    func podText(_ namespace: Int, _ number: Int) -> JSON {
        let place = namespace * Self.podsPerNamespace + number
        let node = place % nodes
        var annotations: [(String, JSON)] = []
        if node > 0 {
            let host = 10 + place / nodes
            let addresses = #"["10.244.\#(node).\#(host)/24","fd00:10:244:\#(node)::\#(String(host, radix: 16))/64"]"#
            let mac = "0a:58:0a:f4:\(Self.hex(node)):\(Self.hex(host))"
            annotations = [
                (PodNetworks.key, .string(#"{"default":{"ip_addresses":\#(addresses),"mac_address":"\#(mac)"}}"#)),
                (Lab.attachedByHand, "true"),
            ]
        }
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "namespace": .string("ns\(namespace)"), "name": .string("pod\(number)"),
                "uid": .string("\(namespace)-\(number)"), "annotations": .object(JSONObject(annotations)),
                "labels": [
                    "app": .string(number % 10 == 0 ? "open" : "app"),
                    "tier": .string(["front", "back", "data"][number % 3]),
                ],
            ],
            "spec": [
                "nodeName": .string(node == 0 ? "n1" : "far\(node)"),
                "containers": [["name": "main", "image": "none", "command": ["sleep", "infinity"]]],
            ],
        ]
    }

    private static func hex(_ byte: Int) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private func policyTexts(_ namespace: Int) -> [JSON] {
        func pods(_ key: String, _ value: String) -> JSON { ["podSelector": ["matchLabels": [key: .string(value)]]] }
        func from(_ key: String, _ value: String) -> JSON {
            ["namespaceSelector": ["matchLabels": [key: .string(value)]]]
        }
        func rule(_ word: String, _ peer: JSON, _ ports: (String, Int)...) -> JSON {
            let list = ports.map { port -> JSON in ["protocol": .string(port.0), "port": .integer(port.1)] }
            return list.isEmpty ? [word: [peer]] : [word: [peer], "ports": .array(list)]
        }
        let all: JSON = [:]
        func subject(_ key: String, _ value: String) -> JSON { pods(key, value)["podSelector"] ?? [:] }
        let specs: [(String, JSON)] = [
            ("deny", ["podSelector": all, "policyTypes": ["Ingress", "Egress"]]),
            ("own-in", ["podSelector": all, "ingress": [rule("from", ["podSelector": all])]]),
            (
                "own-out",
                ["podSelector": all, "policyTypes": ["Egress"], "egress": [rule("to", ["podSelector": all])]]
            ),
            ("monitoring", ["podSelector": all, "ingress": [rule("from", from("role", "monitoring"), ("TCP", 9090))]]),
            (
                "ingress",
                [
                    "podSelector": subject("tier", "front"),
                    "ingress": [rule("from", from("role", "ingress"), ("TCP", 80), ("TCP", 443))],
                ]
            ),
            (
                "dns",
                [
                    "podSelector": all, "policyTypes": ["Egress"],
                    "egress": [rule("to", from("role", "dns"), ("UDP", 53), ("TCP", 53))],
                ]
            ),
            (
                "back",
                [
                    "podSelector": subject("tier", "back"),
                    "ingress": [rule("from", pods("tier", "front"), ("TCP", 8080))],
                ]
            ),
            (
                "data",
                [
                    "podSelector": subject("tier", "data"),
                    "ingress": [rule("from", pods("tier", "back"), ("TCP", 5432))],
                ]
            ),
            (
                "team",
                ["podSelector": all, "ingress": [rule("from", from("team", "team\(namespace % 5)"), ("TCP", 8443))]]
            ),
            (
                "open",
                [
                    "podSelector": subject("app", "open"),
                    "ingress": [rule("from", ["namespaceSelector": all], ("TCP", 8000))],
                ]
            ),
        ]
        return specs.map { name, spec in
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": ["namespace": .string("ns\(namespace)"), "name": .string(name)], "spec": spec,
            ]
        }
    }
}
