import Linux
public import Model

/// Tries every pair of places in a lab: who reaches whom, over which family, and as whom one is seen outside.
public struct NetworkCheck: Sendable {
    /// One thing that was tried.
    public struct Cell: Sendable {
        public let from: String
        public let to: String
        public let family: Family
        /// `ping`, `tcp`, `source`.
        public let kind: String
        public let isExpected: Bool
        public let isSo: Bool
        /// What was seen, where that says more than yes or no.
        public let detail: String
        public var isRight: Bool { isExpected == isSo }
    }

    private let probe: LabProbe
    /// A TCP port that all pods answer on, if they do.
    private let port: Int?
    /// Where the host outside answers with the address that it was asked from.
    private static let outsidePort = 18_080

    public init(_ probe: LabProbe, port: Int?) {
        self.probe = probe
        self.port = port
    }

    public func places() throws -> [String] {
        let report = try Labs.report(probe.paths)
        let pods = report.pods.filter { $0.phase == .running && !$0.addresses.isEmpty }.map(\.key).sorted()
        return pods + probe.record.nodes.map { "node:\($0)" } + ["outside"]
    }

    public func run() async throws -> [Cell] {
        let places = try places()
        let addresses = try Dictionary(uniqueKeysWithValues: places.map { ($0, try probe.addresses(of: $0)) })
        let nodes = try Dictionary(
            uniqueKeysWithValues: Labs.report(probe.paths).pods.map { ($0.key, $0.node) })
        let server = try probe.start(
            "outside",
            ["ovenbird", "lab", "answer", "outside", "--port", "\(Self.outsidePort)"])
        defer { _ = try? server.stop(grace: .seconds(1)) }
        let routes = try routesToPods(addresses)
        defer { routes.forEach { _ = try? probe.run("outside", ["ip", "route", "del"] + $0) } }

        var work: [@Sendable () throws -> Cell] = []
        for from in places {
            for to in places where from != to {
                for address in addresses[to] ?? [] {
                    work.append { try ping(from, to, address) }
                    if let port, to.contains("/"), from != "outside" {
                        work.append { try tcp(from, to, address, port) }
                    }
                    if to == "outside" { work.append { try source(from, address, of: nodes[from] ?? from) } }
                }
            }
        }
        return try await inParallel(work)
    }

    /// The host outside is given a route to each pod, so that what keeps it out is the gateway and not ignorance.
    private func routesToPods(_ addresses: [String: [IPAddress]]) throws -> [[String]] {
        var made: [[String]] = []
        for pod in try Labs.report(probe.paths).pods {
            for address in addresses[pod.key] ?? [] {
                let hop = probe.record.address(of: pod.node, address.family)
                let route = ["\(IPNetwork(host: address))", "via", hop]
                if try probe.run("outside", ["ip", "route", "replace"] + route).succeeded { made.append(route) }
            }
        }
        return made
    }

    private func ping(_ from: String, _ to: String, _ address: IPAddress) throws -> Cell {
        let isExpected = !(from == "outside" && to.contains("/"))
        let isSo = try probe.pings(from, address, within: isExpected ? 5 : 1)
        return Cell(
            from: from, to: to, family: address.family, kind: "ping", isExpected: isExpected, isSo: isSo, detail: "")
    }

    private func tcp(_ from: String, _ to: String, _ address: IPAddress, _ port: Int) throws -> Cell {
        let answer = try probe.asks(from, address, port: port)
        return Cell(
            from: from, to: to, family: address.family, kind: "tcp", isExpected: true, isSo: answer != nil,
            detail: answer ?? "no answer on port \(port)")
    }

    /// Outside, pods are seen with their node's address.
    private func source(_ from: String, _ address: IPAddress, of node: String) throws -> Cell {
        let name = node.hasPrefix("node:") ? String(node.dropFirst(5)) : node
        let own = IPAddress(probe.record.address(of: name, address.family))
        let seen = try probe.asks(from, address, port: Self.outsidePort).flatMap(Answerer.client)
        return Cell(
            from: from, to: "outside", family: address.family, kind: "source", isExpected: true,
            isSo: own != nil && seen == own, detail: seen.map { "seen as \($0)" } ?? "no answer")
    }
}
