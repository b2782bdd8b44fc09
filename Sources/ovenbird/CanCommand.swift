import ArgumentParser
import Lab
import Model

/// Whether somebody reaches somebody, and who decides.
struct CanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "can",
        abstract: "Says whether a new connection comes through, and which policy decides.",
        discussion: """
            EXAMPLES:
              ovenbird can shop/web shop/db tcp/5432
              ovenbird can shop/web 203.0.113.9 tcp/443 -4
              ovenbird can node:n1 shop/db icmp

            The answer is the engine's own: its tracer, on every node of the way. Exits with 1 for no.
            """)

    @Argument(help: "NS/POD or node:NAME.") var from: String
    @Argument(help: "NS/POD, node:NAME or an address.") var to: String
    @Argument(help: "tcp/443, udp/53, sctp/9 or icmp.") var traffic: String
    @Flag(name: [.customShort("4"), .customLong("ipv4")], help: "IPv4 only.") var onlyV4 = false
    @Flag(name: [.customShort("6"), .customLong("ipv6")], help: "IPv6 only.") var onlyV6 = false
    @OptionGroup var target: TargetOptions
    @Option(name: .shortAndLong, help: "table or json.") var output: OutputOptions.Format = .table

    func run() throws {
        let targets = try target.targets()
        let record = (try? Labs.pick(target.lab)).flatMap { LabRecord($0) }
        let start = try CanPlace(from, targets, record)
        guard let node = start.target else {
            throw CommandFailure(
                what: "\(from) is on none of these nodes (NotFound)", next: "ovenbird objects pod", exitCode: 1)
        }
        let wanted: [Family] = onlyV4 == onlyV6 ? Family.allCases : [onlyV4 ? .v4 : .v6]
        let ends = try IPAddress(to).map { [$0] } ?? CanPlace(to, targets, record).addresses
        var ways: [CanWay] = []
        for end in ends
        where wanted.contains(end.family) && start.addresses.contains(where: { $0.family == end.family }) {
            ways.append(try CanWay(from: start.query, on: node, to: end, traffic, targets))
        }
        guard !ways.isEmpty else {
            throw CommandFailure(what: "\(from) and \(to) have no address family in common (NoAddress)", exitCode: 1)
        }
        let answer: JSON = [
            "apiVersion": "ovenbird.io/v1", "kind": "Verdict", "from": .string(from), "to": .string(to),
            "traffic": .string(traffic), "allowed": .boolean(ways.allSatisfy(\.isAllowed)),
            "ways": .array(ways.map(\.json)),
        ]
        switch output {
        case .json: print(answer.text(.pretty))
        case .yaml: print(YAMLText.of(answer), terminator: "")
        default:
            // Both families mostly fare alike.
            let isSame = Set(ways.map(\.words)).count == 1
            for way in isSame ? Array(ways.prefix(1)) : ways {
                print(isSame ? way.words : "\(way.family) \(way.words)")
            }
        }
        if !ways.allSatisfy(\.isAllowed) { throw ExitCode(1) }
    }
}

/// An end of the way.
private struct CanPlace {
    /// How a daemon is asked about it.
    let query: String
    /// The daemon of its node.
    private(set) var target: Target?
    private(set) var addresses: [IPAddress] = []

    init(_ text: String, _ targets: [Target], _ record: LabRecord?) throws {
        guard text.hasPrefix("node:") else {
            query = "Pod/\(text)"
            for candidate in targets {
                let port = try? candidate.get("/object?id=\(escaped(query))")["port"]
                guard let port, port != .null else { continue }
                addresses = port["addresses"].list
                    .compactMap { Optional($0).text.split(separator: "/").first.flatMap { IPAddress($0) } }
                if port["local"].isTrue { target = candidate }
            }
            guard !addresses.isEmpty else {
                throw CommandFailure(
                    what: "\(text) is neither a pod with a network, nor node:NAME, nor an address (NotFound)",
                    next: "ovenbird objects pod", exitCode: 1)
            }
            return
        }
        let name = String(text.dropFirst(5))
        query = "Node/\(name)"
        target = targets.first { $0.name == name }
        addresses = record?.families.list.compactMap { IPAddress(record?.address(of: name, $0) ?? "") } ?? []
    }
}

/// What becomes of the packet in one family, through as many zones as it takes.
struct CanWay {
    let family: Family
    private(set) var decisions: [(node: String, json: JSON)] = []
    /// Where it leaves the last zone; nil when it is dropped.
    private(set) var output: JSON?

    var isAllowed: Bool { output != nil }

    init(from: String, on first: Target, to: IPAddress, _ traffic: String, _ targets: [Target]) throws {
        family = to.family
        var query = ["from": from, "to": "\(to)", "traffic": traffic]
        var target = first
        // Two zones are all that a packet between pods sees; a loop would see more.
        for _ in 0..<4 {
            let text = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(escaped($0.value))" }.joined(separator: "&")
            let answer = try target.get("/trace?\(text)")
            decisions += answer["decisions"].list.map { (target.name, $0) }
            output = answer["outputs"].list.first
            let port = (output?["port"]).text
            guard (output?["type"]).text == "remote", port.hasPrefix("tstor-") else { return }
            guard let next = targets.first(where: { $0.name == port.dropFirst("tstor-".count) }) else {
                throw CommandFailure(
                    what:
                        "the packet goes on to node \(port.dropFirst("tstor-".count)), whose daemon is not here (Unreachable)",
                    because: "\(target.name) lets it go", next: "ask there")
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
        if parts.isEmpty { return isAllowed ? "yes: no policy is in the way" : "no: nothing leads there" }
        let isDropped = decisions.last?.json["verdict"].text == "drop"
        return isAllowed || isDropped ? "\(what): \(parts.joined(separator: "; "))" : "no: nothing leads there"
    }

    var json: JSON {
        [
            "family": .string("\(family)"), "allowed": .boolean(isAllowed), "output": output ?? .null,
            "decisions": .array(
                decisions.map { node, decision in
                    guard case .object(var object) = decision else { return decision }
                    object["node"] = .string(node)
                    return .object(object)
                }),
        ]
    }
}
