import Core
import Model

/// The objects of the load, as text: ten nodes, 5,000 pods of which the first node runs 250, 50 namespaces, 1,000
/// policies. A fifth of the policies deny all; the rest select by labels, with ports, some with blocks.
struct Load {
    static let nodes = 10
    static let namespaces = 50
    static let podsPerNamespace = 100
    static let policiesPerNamespace = 20

    /// Documents by file, 500 to a file.
    static func files() -> [String] {
        let all = nodeTexts() + namespaceTexts() + podTexts() + policyTexts()
        return stride(from: 0, to: all.count, by: 500).map { start in
            let items = all[start..<min(start + 500, all.count)].map { $0.text() }.joined(separator: ",\n")
            return #"{"apiVersion": "v1", "kind": "List", "items": ["# + items + "]}"
        }
    }

    static var settings: [any Kind] {
        let families: [Family] = [.v4, .v6]
        return [
            ClusterNetwork(
                families: families,
                clusterSubnets: ["10.0.0.0/8", "fd00:10::/32"].compactMap { IPNetwork($0) }.map {
                    .init($0, hostPrefix: $0.family == .v4 ? 20 : 64)
                },
                serviceNetworks: ["172.16.0.0/16", "fd00:11::/112"].compactMap { IPNetwork($0) },
                joinSubnets: ByFamily { IPNetwork($0 == .v4 ? "100.64.0.0/16" : "fd98::/64") },
                transitSubnets: ByFamily { IPNetwork($0 == .v4 ? "100.88.0.0/16" : "fd97::/64") },
                masqueradeSubnets: ByFamily { IPNetwork($0 == .v4 ? "169.254.169.0/29" : "fd69::/125") }),
            LocalNode(nodeName: "n0", datapath: .netdev), OVSSystem(systemID: "chassis-n0"),
        ]
    }

    private static func document(
        _ version: String, _ kind: String, _ metadata: [(String, JSON)], _ more: (String, JSON)...
    ) -> JSON {
        .object(
            JSONObject(
                [
                    ("apiVersion", .string(version)), ("kind", .string(kind)),
                    ("metadata", .object(JSONObject(metadata))),
                ]
                    + more))
    }

    private static func map(_ entries: [(String, String)]) -> JSON {
        .object(JSONObject(entries.map { ($0.0, JSON.string($0.1)) }))
    }

    private static func nodeTexts() -> [JSON] {
        (0..<nodes).map { number in
            let id = number + 2
            let annotations = [
                (NodeID.key, "\(id)"),
                (NodeSubnets.key, #"{"default":["10.\#(id).0.0/20","fd00:10:0:\#(id)::/64"]}"#),
                (TransitAddresses.key, #"{"ipv4":"100.88.0.\#(id)/16","ipv6":"fd97::\#(id)/64"}"#),
                (ChassisID.key, "chassis-n\(number)"),
                (EncapsulationAddresses.key, #"["172.30.0.\#(id)"]"#),
            ]
            return document("v1", "Node", [("name", .string("n\(number)")), ("annotations", map(annotations))])
        }
    }

    private static func namespaceTexts() -> [JSON] {
        (0..<namespaces).map { number in
            document(
                "v1", "Namespace",
                [
                    ("name", .string("ns\(number)")),
                    ("labels", map([("team", "team\(number % 5)"), ("stage", number % 3 == 0 ? "test" : "live")])),
                ])
        }
    }

    /// Five pods of each namespace are on the first node: 250.
    static func podText(namespace: Int, _ number: Int, extra: [(String, String)] = []) -> JSON {
        let node = number < 5 ? 0 : 1 + (number % (nodes - 1))
        let id = node + 2
        let host = 16 + (namespace * podsPerNamespace + number) % 4000
        let addresses =
            #"["10.\#(id).\#(host / 256).\#(host % 256)/20","fd00:10:0:\#(id)::\#(String(host, radix: 16))/64"]"#
        let network =
            #"{"default":{"ip_addresses":\#(addresses),"mac_address":"0a:58:0a:00:\#(hex(host / 256)):\#(hex(host % 256))"}}"#
        let labels = [("app", "app\(number % 10)"), ("tier", ["front", "back", "data"][number % 3])] + extra
        return document(
            "v1", "Pod",
            [
                ("namespace", .string("ns\(namespace)")), ("name", .string("pod\(number)")),
                ("uid", .string("uid-\(namespace)-\(number)")), ("labels", map(labels)),
                ("annotations", map([(PodNetworks.key, network)])),
            ],
            (
                "spec",
                [
                    "nodeName": .string("n\(node)"),
                    "containers": [
                        ["name": "main", "image": "web", "ports": [["name": "http", "containerPort": 8080]]]
                    ],
                ]
            ))
    }

    private static func hex(_ byte: Int) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0\(text)" : text
    }

    private static func podTexts() -> [JSON] {
        (0..<namespaces).flatMap { namespace in
            (0..<podsPerNamespace).map { podText(namespace: namespace, $0) }
        }
    }

    private static func policyTexts() -> [JSON] {
        (0..<namespaces).flatMap { namespace in
            (0..<policiesPerNamespace).map { number in
                document(
                    "networking.k8s.io/v1", "NetworkPolicy",
                    [("namespace", .string("ns\(namespace)")), ("name", .string("policy\(number)"))],
                    ("spec", policySpec(number)))
            }
        }
    }

    private static func policySpec(_ number: Int) -> JSON {
        let app: JSON = ["matchLabels": ["app": .string("app\(number % 10)")]]
        let port: JSON = ["port": .integer(8000 + number)]
        switch number % 5 {
        case 0: return ["podSelector": number == 0 ? [:] : app, "policyTypes": ["Ingress", "Egress"]]
        case 1: return ["podSelector": app, "ingress": [["from": [["podSelector": [:]]], "ports": [port]]]]
        case 2:
            let team: JSON = ["matchLabels": ["team": .string("team\(number % 5)")]]
            return [
                "podSelector": app,
                "ingress": [["from": [["namespaceSelector": team, "podSelector": app]], "ports": [port]]],
            ]
        case 3:
            return [
                "podSelector": app, "policyTypes": ["Egress"],
                "egress": [
                    ["to": [["namespaceSelector": [:]]], "ports": [["protocol": "UDP", "port": 53]]],
                    ["to": [["ipBlock": ["cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]]]]],
                ],
            ]
        default:
            let tier: JSON = ["matchLabels": ["tier": .string(["front", "back", "data"][number % 3])]]
            return [
                "podSelector": tier,
                "ingress": [
                    ["from": [["podSelector": app]], "ports": [["port": .integer(9000), "endPort": .integer(9010)]]]
                ],
            ]
        }
    }
}
