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
              ovenbird can shop/web service:shop/api tcp/80    by each of its backends
              ovenbird can shop/web 203.0.113.9 tcp/443 -4
              ovenbird can node:n1 shop/db icmp

            The answer is the engine's own: its tracer, on every node of the way. Exits with 1 for no.
            """)

    @Argument(help: "NS/POD or node:NAME.") var from: String
    @Argument(help: "NS/POD, service:NS/NAME, node:NAME or an address.") var to: String
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
        let book = AddressBook([node] + targets)
        let ends = try ends(book, targets, record)
        let question = CanQuestion(
            from: start, node: node, traffic: traffic, targets: targets, book: book,
            isService: to.hasPrefix("service:"))
        var ways: [CanWay] = []
        for end in ends
        where wanted.contains(end.family) && start.addresses.contains(where: { $0.family == end.family }) {
            ways += try question.ways(to: end)
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
        default: print(Self.words(ways))
        }
        if !ways.allSatisfy(\.isAllowed) { throw ExitCode(1) }
    }
}

extension CanCommand {
    private func ends(_ book: AddressBook, _ targets: [Target], _ record: LabRecord?) throws -> [IPAddress] {
        if let address = IPAddress(to) { return [address] }
        guard to.hasPrefix("service:") else {
            do { return try CanPlace(to, targets, record).addresses } catch let failure as CommandFailure {
                guard !book.addresses(of: "service:\(to)").isEmpty else { throw failure }
                throw CommandFailure(
                    what: "\(to) is no pod but a service (NotFound)",
                    next: "ovenbird can \(from) service:\(to) \(traffic)",
                    exitCode: 1)
            }
        }
        let addresses = book.addresses(of: to)
        guard !addresses.isEmpty else {
            throw CommandFailure(
                what: "\(to) is not there, or has no address of its own (NotFound)", next: "ovenbird objects service",
                exitCode: 1)
        }
        return addresses
    }

    /// Both families mostly fare alike; backends each have a line.
    static func words(_ ways: [CanWay]) -> String {
        guard ways.contains(where: { $0.backend != nil }) else {
            let isSame = Set(ways.map(\.words)).count == 1
            return (isSame ? Array(ways.prefix(1)) : ways).map { isSame ? $0.words : "\($0.family) \($0.words)" }
                .joined(separator: "\n")
        }
        let passed = ways.filter(\.isAllowed).count
        let verdict = passed == ways.count ? "yes" : passed == 0 ? "no" : "partly"
        let lines = ways.map { way in way.backend.map { "  \($0): \(way.words)" } ?? "  \(way.family): \(way.words)" }
        return (["\(verdict): to \(passed) of \(ways.count) backends"] + lines).joined(separator: "\n")
    }
}

/// What is asked, in one family after the other.
private struct CanQuestion {
    let from: CanPlace
    let node: Target
    let traffic: String
    let targets: [Target]
    let book: AddressBook
    let isService: Bool

    /// One way; or one for each backend, when a load balancer stands in it.
    func ways(to end: IPAddress) throws -> [CanWay] {
        let first = try CanWay(from: from.query, on: node, to: end, traffic, targets)
        if first.backends.isEmpty {
            return [isService ? first.ending("nothing answers there for \(traffic)") : first]
        }
        guard from.query.hasPrefix("Pod/") else {
            throw CommandFailure(
                what: "a node's own way to a service is not one that the engine traces (NotTraced)",
                next: "ask from a pod")
        }
        return try first.backends.map { backend in
            let name = "\(book.name(backend.address)) \(backend)"
            // Whoever reaches himself does so past all policies; the tracer does not know that turn.
            if from.addresses.contains(backend.address) { return CanWay(toItself: name, end.family) }
            var way = try CanWay(from: from.query, on: node, to: end, traffic, targets, by: backend)
            way.backend = name
            return way
        }
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
