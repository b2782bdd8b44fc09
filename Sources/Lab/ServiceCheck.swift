import Core
import Linux
public import Model

/// Tries every TCP port of every service in a lab from every place: the cluster's address, and each node's port.
public struct ServiceCheck: Sendable {
    /// One thing that was tried.
    public struct Cell: Sendable {
        public let from: String
        /// `shop/store`.
        public let service: String
        /// `10.96.0.10:80`, or `port 30080`: what all families have in common.
        public let what: String
        public let to: String
        public let family: Family
        /// The pods, and nodes, that may answer; nobody: it has to be refused.
        public let expected: [String]
        /// Who answered; nil when nobody did.
        public let answer: String?
        public let isRefused: Bool
        public var isRight: Bool { expected.isEmpty ? isRefused : answer.map(expected.contains) ?? false }
    }

    let probe: LabProbe
    let services: [Model.Service]
    private var slices: [EndpointSlice] = []
    private let report: LabReport

    public init(_ probe: LabProbe) throws {
        self.probe = probe
        let objects = LabObjects(probe.paths, probe.record)
        services = try objects.all(kind: "Service").map { try Model.Service(JSONCursor($0.json)) }.filter {
            $0.type != .externalName && !$0.isHeadless
        }
        report = try Labs.report(probe.paths)
    }

    private func readSlices() async throws -> [EndpointSlice] {
        let objects = LabObjects(probe.paths, probe.record)
        return try await onThread {
            try objects.all(kind: "EndpointSlice").map { try EndpointSlice(JSONCursor($0.json)) }
        }
    }

    public var names: [String] { services.map { "\($0.namespace)/\($0.name)" } }

    public func places() -> [String] {
        report.pods.filter { $0.phase == .running && !$0.addresses.isEmpty }.map(\.key).sorted()
            + probe.record.nodes.map { "node:\($0)" } + ["outside"]
    }

    /// When endpoints have changed meanwhile, as they do just after a lab is up, all is asked again.
    public mutating func run() async throws -> [Cell] {
        for _ in 0..<3 {
            slices = try await readSlices()
            let cells = try await ask()
            if try await readSlices() == slices { return cells }
        }
        throw LabFailure("the endpoints of the lab's services do not come to rest (Unsettled)")
    }

    private func ask() async throws -> [Cell] {
        let places = places()
        var work: [@Sendable () throws -> Cell] = []
        for service in services {
            for port in service.ports where port.transport == "TCP" {
                for family in probe.record.families.list {
                    for way in ways(service, port, family) {
                        for from in places where from != "outside" || way.node != nil {
                            work.append { [self] in try ask(from, service, port, family, way) }
                        }
                    }
                }
            }
        }
        return try await inParallel(work)
    }

    /// An address of a service; with a node when it is that node's port.
    struct Way {
        let address: IPAddress
        let port: Int
        let node: String?
        let what: String
    }

    func ways(_ service: Model.Service, _ port: Model.Service.Port, _ family: Family) -> [Way] {
        let inside = service.clusterIPs.compactMap { IPAddress($0) }.first { $0.family == family }
        var ways = inside.map { [Way(address: $0, port: port.port, node: nil, what: "address")] } ?? []
        guard port.nodePort != 0, inside != nil else { return ways }
        for node in probe.record.nodes {
            guard let address = IPAddress(probe.record.address(of: node, family)) else { continue }
            ways.append(Way(address: address, port: port.nodePort, node: node, what: "port \(port.nodePort)"))
        }
        return ways
    }

    private func ask(
        _ from: String, _ service: Model.Service, _ port: Model.Service.Port, _ family: Family, _ way: Way
    ) throws -> Cell {
        let (answer, isRefused) = try connect(from, way.address, way.port)
        return Cell(
            from: from, service: "\(service.namespace)/\(service.name)", what: way.what,
            to: Self.text(way.address, way.port), family: family,
            expected: try backends(of: service, port, family, for: from, at: way.node), answer: answer,
            isRefused: isRefused)
    }

    static func text(_ address: IPAddress, _ port: Int) -> String {
        address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }

    /// The first word that a server says, which is its name.
    func connect(_ from: String, _ to: IPAddress, _ port: Int) throws -> (answer: String?, isRefused: Bool) {
        let server = "TCP\(to.family.rawValue):\(Self.text(to, port)),connect-timeout=3"
        let outcome = try probe.run(from, ["socat", "-T3", "-u", server, "-"])
        let word = outcome.output.split(whereSeparator: { $0 == " " || $0 == "\n" }).first.map(String.init)
        return (outcome.succeeded ? word : nil, outcome.errors.contains("refused"))
    }

    /// Who may answer a place: policies bind clients to the endpoints of a node.
    private func backends(
        of service: Model.Service, _ port: Model.Service.Port, _ family: Family, for from: String, at node: String?
    ) throws -> [String] {
        let own = slices.filter {
            $0.namespace == service.namespace && $0.labels[EndpointSlice.serviceLabel] == service.name
                && $0.family == family
        }
        let ready = own.flatMap(\.endpoints).filter { $0.isReady || service.publishNotReadyAddresses }
        let home = from.hasPrefix("node:") ? String(from.dropFirst(5)) : self.node(of: from)
        let bound: String? =
            if let node {
                service.externalPolicy == .local && home != node ? node : nil
            } else { service.internalPolicy == .local ? home : nil }
        return ready.filter { bound == nil || $0.node == bound }.flatMap { endpoint in
            endpoint.addresses.compactMap(name)
        }
    }

    func node(of pod: String) -> String? { report.pods.first { $0.key == pod }?.node }

    /// The pod, or the node, with an address.
    private func name(of address: String) -> String? {
        let pod = report.pods.first { pod in
            pod.addresses.contains { $0.split(separator: "/").first.map(String.init) == address }
        }
        return pod?.name
            ?? probe.record.nodes.first { node in
                probe.record.families.list.contains { probe.record.address(of: node, $0) == address }
            }
    }
}
