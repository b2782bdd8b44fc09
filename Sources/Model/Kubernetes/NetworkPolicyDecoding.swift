public import Core

extension NetworkPolicy {
    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: true)
        let spec = cursor["spec"]
        let (subject, subjectFaults) = LabelSelector.read(spec["podSelector"])
        let misspelt = Self.specFields.misspelt(in: spec) + Fields.labelSelector.unknown(in: spec["podSelector"])
        var reader = PolicyReader(faults: subjectFaults + misspelt)
        // Whom it is about is not known, and more pods may be meant than should be: they are isolated, and no rule
        // opens anything for them.
        let isVague = !reader.faults.isEmpty
        let inward = reader.list(spec["ingress"])
        let outward = reader.list(spec["egress"])
        let ingress = isVague ? [] : inward.compactMap { reader.rule($0, peers: "from") }
        let egress = isVague ? [] : outward.compactMap { reader.rule($0, peers: "to") }
        let types = reader.types(spec["policyTypes"], hasEgress: !outward.isEmpty || !misspelt.isEmpty)
        self.init(
            namespace: metadata.namespace, name: metadata.name, subject: subject,
            isolatesIngress: types.ingress, isolatesEgress: types.egress,
            ingress: types.ingress ? ingress : [], egress: types.egress ? egress : [],
            isStateless: metadata.annotations["k8s.ovn.org/acl-stateless"] == "true", faults: reader.faults)
    }

    public static let fields = Fields.kubernetes(["spec": specFields])

    private static let specFields = Fields.object([
        "podSelector": .labelSelector, "policyTypes": .any, "ingress": .list(ruleFields("from")),
        "egress": .list(ruleFields("to")),
    ])
    fileprivate static let portFields = Fields.members("protocol", "port", "endPort")
    fileprivate static let peerFields = Fields.object([
        "podSelector": .labelSelector, "namespaceSelector": .labelSelector, "ipBlock": .members("cidr", "except"),
    ])

    fileprivate static func ruleFields(_ peers: String) -> Fields {
        .object(["ports": .list(portFields), peers: .list(peerFields)])
    }
}

/// Reads rules and keeps what is wrong with them; what is wrong is left out. A misspelt word is wrong: without it a peer
/// would be more peers, and a port more ports.
private struct PolicyReader {
    var faults: [Rejection]

    mutating func attempt<T>(_ read: () throws(Rejection) -> T) -> T? {
        do throws(Rejection) { return try read() } catch {
            faults.append(error)
            return nil
        }
    }

    mutating func list(_ cursor: JSONCursor) -> [JSONCursor] {
        attempt { () throws(Rejection) in try cursor.elements() } ?? []
    }

    /// Where the list is absent the API server fills it in so. A word that is none isolates both ways.
    mutating func types(_ cursor: JSONCursor, hasEgress: Bool) -> (ingress: Bool, egress: Bool) {
        guard cursor.isPresent else { return (true, hasEgress) }
        let words = attempt { () throws(Rejection) in
            try cursor.elements().map { word throws(Rejection) in try word.choice(PolicyType.self) }
        }
        guard let words else { return (true, true) }
        if words.isEmpty { return (true, hasEgress) }
        return (words.contains(.ingress), words.contains(.egress))
    }

    private enum PolicyType: String, CaseIterable {
        case ingress = "Ingress"
        case egress = "Egress"
    }

    /// Nil when it has words that are none.
    mutating func rule(_ cursor: JSONCursor, peers key: String) -> NetworkPolicy.Rule? {
        let misspelt = NetworkPolicy.ruleFields(key).misspelt(in: cursor)
        faults += misspelt
        guard misspelt.isEmpty else { return nil }
        return NetworkPolicy.Rule(
            peers: some(cursor[key], NetworkPolicy.peerFields) { peer throws(Rejection) in try Self.peer(peer) },
            ports: some(cursor["ports"], NetworkPolicy.portFields) { port throws(Rejection) in try Self.port(port) })
    }

    /// Nil when the list is absent or empty; the elements that can be read otherwise, which may be none.
    private mutating func some<T>(
        _ cursor: JSONCursor, _ fields: Fields, _ read: (JSONCursor) throws(Rejection) -> T
    ) -> [T]? {
        guard let elements = attempt({ () throws(Rejection) in try cursor.elements() }) else { return [] }
        if elements.isEmpty { return nil }
        return elements.compactMap { element in
            attempt { () throws(Rejection) in
                if let misspelt = fields.unknown(in: element).first { throw misspelt }
                return try read(element)
            }
        }
    }

    private static func peer(_ cursor: JSONCursor) throws(Rejection) -> NetworkPolicy.Peer {
        let hasSelector = cursor["podSelector"].isPresent || cursor["namespaceSelector"].isPresent
        let block = cursor["ipBlock"]
        guard block.isPresent else {
            guard hasSelector else {
                throw cursor.rejection(
                    "EmptyPeer", "says nobody; give a podSelector, a namespaceSelector or an ipBlock")
            }
            return .pods(
                namespaces: try cursor["namespaceSelector"].optional { one throws(Rejection) in
                    try LabelSelector(one)
                },
                pods: try cursor["podSelector"].optional { one throws(Rejection) in try LabelSelector(one) })
        }
        guard !hasSelector else {
            throw block.rejection("TwoPeers", "stands beside a selector; make them two peers")
        }
        let network = try network(block["cidr"])
        let except = try block["except"].elements().map { one throws(Rejection) in
            let hole = try Self.network(one)
            guard hole.family == network.family, hole.length > network.length, network.contains(hole.base) else {
                throw one.rejection("NotInside", "\(hole) is not strictly inside \(network)")
            }
            return hole
        }
        return .block(network, except: except)
    }

    /// A network without host bits; IPv4 in IPv6's clothes is refused, for no packet carries it.
    private static func network(_ cursor: JSONCursor) throws(Rejection) -> IPNetwork {
        let network = try cursor.network().network
        if network.family == .v6, network.address.number >> 32 == 0xffff {
            throw cursor.badValue("a plain IPv4 or IPv6 network")
        }
        return network
    }

    private static func port(_ cursor: JSONCursor) throws(Rejection) -> NetworkPolicy.Port {
        let transport: TransportProtocol =
            try cursor["protocol"].optional { word throws(Rejection) in try word.choice() } ?? .tcp
        let port = cursor["port"]
        let end = cursor["endPort"]
        switch port.value {
        case nil:
            if end.isPresent { throw end.rejection("NoPort", "needs a numeric port beside it") }
            return NetworkPolicy.Port(transport)
        case .string:
            if end.isPresent { throw end.rejection("NoPort", "cannot go with a named port") }
            return NetworkPolicy.Port(transport, .named(try port.portName()))
        default:
            let first = try port.integer(in: 1...65535)
            let last = try end.integer(in: 1...65535, or: first)
            guard last >= first else { throw end.rejection("BadValue", "\(last) is below port \(first)") }
            return NetworkPolicy.Port(transport, .range(first...last))
        }
    }
}

extension JSONCursor {
    /// A port's name, as IANA has them for services and the API server wants them for containers.
    func portName() throws(Rejection) -> String {
        let name = try string()
        let dash = UInt8(ascii: "-")
        let isName =
            (1...15).contains(name.utf8.count)
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == dash }
            && name.utf8.contains { (97...122).contains($0) } && name.utf8.first != dash && name.utf8.last != dash
            && !name.contains("--")
        guard isName else {
            throw badValue(
                "a port's name: at most 15 lower case letters, digits and single dashes inside; a number has no quotes")
        }
        return name
    }
}
