import Model

/// What becomes of the packet in one family, through as many zones as it takes.
struct CanWay {
    let family: Family
    private(set) var decisions: [(node: String, json: JSON)] = []
    /// Where it leaves the last zone; nil when it is dropped.
    private(set) var output: JSON?
    /// Among whom the way's load balancer chooses.
    private(set) var backends: [TransportAddress] = []
    /// The one that this way leads to, with its name.
    var backend: String?
    /// What there is to say when no policy decided.
    private var remark: String?

    var isAllowed: Bool { output != nil }

    /// The way of a pod that answers its own service.
    init(toItself backend: String, _ family: Family) {
        self.family = family
        self.backend = backend
        output = ["port": .string(backend), "type": ""]
        remark = "itself, which no policy forbids"
    }

    /// One that ends before its end, and why.
    func ending(_ why: String) -> CanWay {
        var way = self
        way.output = nil
        way.remark = why
        return way
    }

    init(
        from: String, on first: Target, to: IPAddress, _ traffic: String, _ targets: [Target],
        by backend: TransportAddress? = nil
    ) throws {
        family = to.family
        var query = ["from": from, "to": "\(to)", "traffic": traffic]
        query["backend"] = backend?.description
        var target = first
        // Two zones are all that a packet between pods sees; a loop would see more.
        for _ in 0..<4 {
            let text = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(escaped($0.value))" }.joined(separator: "&")
            let answer = try target.get("/trace?\(text)")
            decisions += answer["decisions"].list.map { (target.name, $0) }
            output = answer["outputs"].list.first
            if target.name == first.name, backends.isEmpty {
                backends = answer["backends"].list.compactMap { TransportAddress(Optional($0).text) }
            }
            let port = (output?["port"]).text
            guard (output?["type"]).text == "remote", port.hasPrefix("tstor-") else { return }
            guard let next = targets.first(where: { $0.name == port.dropFirst("tstor-".count) }) else {
                throw CommandFailure(
                    what:
                        "the packet goes on to node \(port.dropFirst("tstor-".count)), whose daemon is not here (Unreachable)",
                    because: "\(target.name) lets it go", next: "ask there")
            }
            if let backend {
                // From here on it is the backend that the packet goes to.
                query["backend"] = nil
                query["to"] = "\(backend.address)"
                query["traffic"] = "\(traffic.prefix { $0 != "/" })/\(backend.port)"
            }
            query["from"] = "Zone/\(target.name)"
            query["source"] = answer["source"].text
            query["ethernetSource"] = (answer["ethernet"]?["source"]).text
            query["ethernetDestination"] = (answer["ethernet"]?["destination"]).text
            target = next
        }
        throw CommandFailure(what: "the packet goes round between nodes (Loop)")
    }

    var words: String {
        let parts = (isAllowed ? decisions : decisions.suffix(1)).map { node, decision -> String in
            let port = decision["port"].text.replacing("_", with: "/", maxReplacements: 1)
            let way = decision["direction"].text == "Ingress" ? "entering" : "leaving"
            let by = decision["by"].list.map { Optional($0).text }.joined(separator: ", ")
            return "\(by), \(way) \(port) on \(node)"
        }
        let what = isAllowed ? "yes" : "no"
        if let remark { return "\(what): \(remark)" }
        if parts.isEmpty { return isAllowed ? "yes: no policy is in the way" : "no: nothing leads there" }
        let isDropped = decisions.last?.json["verdict"].text == "drop"
        return isAllowed || isDropped ? "\(what): \(parts.joined(separator: "; "))" : "no: nothing leads there"
    }

    var json: JSON {
        [
            "family": .string("\(family)"), "allowed": .boolean(isAllowed), "output": output ?? .null,
            "backend": backend.map { .string($0) } ?? .null,
            "decisions": .array(
                decisions.map { node, decision in
                    guard case .object(var object) = decision else { return decision }
                    object["node"] = .string(node)
                    return .object(object)
                }),
        ]
    }
}
