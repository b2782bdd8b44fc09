public import Core

extension AdminNetworkPolicy {
    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: false)
        let spec = cursor["spec"]
        self.init(
            name: metadata.name, annotations: metadata.annotations,
            priority: try spec["priority"].integer(in: 0...1000),
            rules: try AdminRules(spec, Self.specFields, actions: AdminRules.Action.allCases))
    }

    public static let fields = Fields.kubernetes(["spec": specFields])
    private static let specFields = AdminRules.fields(["priority": .any])
}

extension BaselineAdminNetworkPolicy {
    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: false)
        guard metadata.name == Self.singleton else {
            throw cursor["metadata"]["name"].rejection("BadName", "must be \(Self.singleton); there is only one")
        }
        self.init(
            annotations: metadata.annotations,
            rules: try AdminRules(cursor["spec"], Self.specFields, actions: [.allow, .deny]))
    }

    public static let fields = Fields.kubernetes(["spec": specFields])
    private static let specFields = AdminRules.fields([:])
}

/// As the API server does, an object of which a part is wrong is refused whole.
extension AdminRules {
    fileprivate static func fields(_ more: [String: Fields]) -> Fields {
        let pods = Fields.object(["namespaceSelector": .labelSelector, "podSelector": .labelSelector])
        let subject = Fields.object(["namespaces": .labelSelector, "pods": pods])
        let peer = Fields.object([
            "namespaces": .labelSelector, "pods": pods, "nodes": .labelSelector, "networks": .any,
        ])
        func rule(_ peers: String) -> Fields {
            .object([
                "name": .any, "action": .any, peers: .list(peer),
                "ports": .list(
                    .object([
                        "portNumber": .members("protocol", "port"), "portRange": .members("protocol", "start", "end"),
                        "namedPort": .any,
                    ])),
            ])
        }
        return .object(
            more.merging(
                ["subject": subject, "ingress": .list(rule("from")), "egress": .list(rule("to"))],
                uniquingKeysWith: { own, _ in own }))
    }

    fileprivate init(_ spec: JSONCursor, _ fields: Fields, actions: [Action]) throws(Rejection) {
        if let misspelt = fields.unknown(in: spec).first { throw misspelt }
        self.init(
            subject: try Self.pods(spec["subject"]),
            ingress: try Self.rules(spec["ingress"], peers: "from", actions),
            egress: try Self.rules(spec["egress"], peers: "to", actions))
    }

    /// One of `namespaces` and `pods`.
    private static func pods(_ cursor: JSONCursor) throws(Rejection) -> Pods {
        switch try choice(cursor, ["namespaces", "pods"]) {
        case "namespaces": Pods(namespaces: try LabelSelector(cursor["namespaces"]))
        default:
            Pods(
                namespaces: try LabelSelector(cursor["pods"]["namespaceSelector"]),
                pods: try LabelSelector(cursor["pods"]["podSelector"]))
        }
    }

    /// The one member that is there.
    private static func choice(_ cursor: JSONCursor, _ names: [String]) throws(Rejection) -> String {
        let given = try cursor.members().filter { $0.value.isPresent }.map(\.key).filter(names.contains)
        guard let one = given.first, given.count == 1 else {
            throw cursor.rejection("BadChoice", "must have exactly one of \(names.joined(separator: ", "))")
        }
        return one
    }

    private static func rules(_ cursor: JSONCursor, peers: String, _ actions: [Action]) throws(Rejection) -> [Rule] {
        let list = try cursor.elements()
        guard list.count <= 100 else { throw cursor.rejection("TooMany", "has \(list.count) rules; 100 is the limit") }
        return try list.map { rule throws(Rejection) in
            let action: Action = try rule["action"].choice()
            guard actions.contains(action) else {
                throw rule["action"].badValue("one of \(actions.map(\.rawValue).joined(separator: ", "))")
            }
            let name = try rule["name"].string(or: "")
            guard name.utf8.count <= 100 else {
                throw rule["name"].rejection("TooLong", "has more than 100 characters")
            }
            let elements = try rule[peers].elements()
            guard (1...100).contains(elements.count) else {
                throw rule[peers].rejection("BadValue", "must have 1 to 100 peers")
            }
            let isEgress = peers == "to"
            let found = try elements.map { peer throws(Rejection) in try Self.peer(peer, isEgress: isEgress) }
            return Rule(name: name, action, found, ports: try ports(rule["ports"], found))
        }
    }

    private static func peer(_ cursor: JSONCursor, isEgress: Bool) throws(Rejection) -> Peer {
        let names = ["namespaces", "pods"] + (isEgress ? ["nodes", "networks"] : [])
        switch try choice(cursor, names) {
        case "nodes": return .nodes(try LabelSelector(cursor["nodes"]))
        case "networks":
            let list = try cursor["networks"].elements()
            guard (1...25).contains(list.count) else {
                throw cursor["networks"].rejection("BadValue", "must have 1 to 25 networks")
            }
            return .networks(
                try list.map { one throws(Rejection) in
                    // As the API has it: the longest text of an IPv6 network.
                    guard try one.string().utf8.count <= 43 else {
                        throw one.rejection("TooLong", "has more than 43 characters")
                    }
                    let network = try one.network().network
                    if network.family == .v6, network.address.number >> 32 == 0xffff {
                        throw one.badValue("a plain IPv4 or IPv6 network")
                    }
                    return network
                })
        default: return .pods(try pods(cursor))
        }
    }

    private static func ports(_ cursor: JSONCursor, _ peers: [Peer]) throws(Rejection) -> [NetworkPolicy.Port]? {
        let list = try cursor.elements()
        guard !list.isEmpty else { return nil }
        guard list.count <= 100 else { throw cursor.rejection("TooMany", "has \(list.count) ports; 100 is the limit") }
        let isPodsOnly = peers.allSatisfy { if case .pods = $0 { true } else { false } }
        var ports: [NetworkPolicy.Port] = []
        for port in list {
            switch try choice(port, ["portNumber", "portRange", "namedPort"]) {
            case "portNumber":
                let number = port["portNumber"]
                ports.append(
                    NetworkPolicy.Port(try transport(number), try number["port"].integer(in: 1...65535)))
            case "portRange":
                let range = port["portRange"]
                let start = try range["start"].integer(in: 1...65535)
                let end = try range["end"].integer(in: 1...65535)
                guard end >= start else { throw range["end"].rejection("BadValue", "\(end) is below start \(start)") }
                ports.append(NetworkPolicy.Port(try transport(range), .range(start...end)))
            default:
                guard isPodsOnly else {
                    throw port["namedPort"].rejection(
                        "BadValue", "cannot go with nodes or networks, which name no ports")
                }
                let name = try port["namedPort"].portName()
                ports += TransportProtocol.allCases.map { NetworkPolicy.Port($0, .named(name)) }
            }
        }
        return ports
    }

    private static func transport(_ cursor: JSONCursor) throws(Rejection) -> TransportProtocol {
        try cursor["protocol"].optional { word throws(Rejection) in try word.choice() } ?? .tcp
    }
}
