import Core
import Glibc
import Linux
import Model

/// Services that keep their clients.
extension ServiceCheck {
    /// A client that asked again and again, and was then silent.
    public struct Keeping: Sendable {
        public let from: String
        public let service: String
        public let to: String
        public let timeout: Int
        /// Seconds between two questions.
        public let pause: Int
        public let answers: [String?]
        public let wasKnown: Bool
        public let isForgotten: Bool

        /// How long the client was kept, in seconds.
        public var lasted: Int { (answers.count - 1) * pause }
        public var isOneBackend: Bool { answers.allSatisfy { $0 != nil && $0 == answers[0] } }
        public var isRight: Bool { isOneBackend && wasKnown && isForgotten }
    }

    /// Longer times are not waited for.
    private static let longest = 5

    /// Services that keep their clients for a short time: a pod and the outside ask for twice that time, with pauses
    /// below it; then they are silent, and must be forgotten.
    public func keeping() async throws -> [Keeping] {
        var work: [@Sendable () throws -> Keeping] = []
        for service in services where service.affinity == .clientIP && service.affinityTimeout <= Self.longest {
            guard let port = service.ports.first(where: { $0.transport == "TCP" }) else { continue }
            for family in probe.record.families.list {
                let ways = ways(service, port, family)
                if let way = ways.first(where: { $0.node == nil }),
                    let pod = places().first(where: { $0.contains("/") }), let node = node(of: pod)
                {
                    work.append { try keep(pod, service, way, on: node) }
                }
                if let way = ways.first(where: { $0.node != nil }), let node = way.node {
                    work.append { try keep("outside", service, way, on: node) }
                }
            }
        }
        return try await inParallel(work)
    }

    private func keep(_ from: String, _ service: Model.Service, _ way: Way, on node: String) throws -> Keeping {
        let timeout = service.affinityTimeout
        let pause = max(1, timeout * 2 / 3)
        var answers: [String?] = []
        let questions = 2 * timeout / pause + 1
        for number in 0..<questions {
            if number > 0 { Glibc.sleep(UInt32(pause)) }
            answers.append(try connect(from, way.address, way.port).answer)
        }
        let wasKnown = try knows(node, from, way)
        Glibc.sleep(UInt32(timeout + 2))
        return Keeping(
            from: from, service: "\(service.namespace)/\(service.name)", to: Self.text(way.address, way.port),
            timeout: timeout, pause: pause, answers: answers, wasKnown: wasKnown,
            isForgotten: try !knows(node, from, way))
    }

    /// Whether a node's switch remembers a client.
    private func knows(_ node: String, _ from: String, _ way: Way) throws -> Bool {
        let client = try probe.addresses(of: from).first { $0.family == way.address.family }
        let flows = try probe.run(
            "node:\(node)",
            [
                "ovs-ofctl", "-O", "OpenFlow15", "dump-flows",
                "unix:\(probe.paths.engineDirectory(node))/br-int.mgmt", "table=200",
            ])
        let words = way.address.family == .v4 ? ("nw_src", "nw_dst") : ("ipv6_src", "ipv6_dst")
        return flows.output.split(separator: "\n").contains { line in
            line.contains("\(words.0)=\(client.map { "\($0)" } ?? "-"),")
                && line.contains("\(words.1)=\(way.address),tp_dst=\(way.port) ")
        }
    }
}
