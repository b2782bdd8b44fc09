import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    @Suite("Services", InLab(name: "t-sv-\(getpid() % 10_000)", families: .v4v6, pods: ServiceLab.pods))
    struct Services {}
}

/// The services of the suite: two pods that answer, one on each of two nodes, and one that only asks.
enum ServiceLab {
    static let pods = [
        LabPod("ask", on: "n1"), LabPod("far", on: "n2"), LabPod("s1", on: "n1"), LabPod("s2", on: "n2"),
    ]
    static let answering: Set<String> = ["s1", "s2"]

    struct Description {
        var name: String
        var number: Int
        var nodePort: Int?
        var type = "NodePort"
        /// More lines of the specification.
        var more: [String] = []
        /// The pods behind it.
        var pods = ["s1", "s2"]
        var target = 8080
        var ingress: [String] = []
        /// Of endpoints that are not simply ready: `ready: false`.
        var conditions: [String: String] = [:]
        /// Its own addresses; of all families when there are none.
        var clusterIPs: [String] = []
        var created = ""

        func addresses(_ family: Family) -> IPAddress? {
            IPAddress(family == .v4 ? "10.96.0.\(number)" : "fd00:10:96::\(number)")
        }
    }

    static let cluster = Description(name: "cluster", number: 50, nodePort: 30050)
    static let external = Description(
        name: "external", number: 51, nodePort: 30051, more: ["externalTrafficPolicy: Local"])
    static let inward = Description(
        name: "inward", number: 52, nodePort: 30052, more: ["internalTrafficPolicy: Local"])
    static let remote = Description(
        name: "remote", number: 53, nodePort: 30053,
        more: ["internalTrafficPolicy: Local", "externalTrafficPolicy: Local"], pods: ["s2"])
    static let empty = Description(name: "empty", number: 54, nodePort: 30054, pods: [])
    static let itself = Description(name: "itself", number: 55, nodePort: 30055, pods: ["ask"])
    static let balanced = Description(
        name: "balanced", number: 56, nodePort: 30056, type: "LoadBalancer",
        ingress: ["172.31.9.1", "fd31:9::1"])
    /// Of a process of a node.
    static let host = Description(name: "host", number: 57, nodePort: 30057, pods: ["node:n1"])
    static let hostLocal = Description(
        name: "hostlocal", number: 58, nodePort: 30058,
        more: ["internalTrafficPolicy: Local", "externalTrafficPolicy: Local"], pods: ["node:n1"], target: 8070)
    static let table = [cluster, external, inward, remote, empty, itself, balanced, host, hostLocal]

    /// Where a pod, or the host itself, is.
    static func node(of place: String) -> String {
        place.hasPrefix("node:") ? String(place.dropFirst(5)) : pods.first { $0.name == place }?.node ?? ""
    }

    /// How a server calls itself.
    static func name(of place: String) -> String { place.hasPrefix("node:") ? String(place.dropFirst(5)) : place }
}

extension PacketLab {
    /// Writes the service with its endpoints into the manifests, or changes it.
    func put(_ service: ServiceLab.Description) async throws {
        let clusterIPs =
            service.clusterIPs.isEmpty
            ? families.compactMap { service.addresses($0)?.description } : service.clusterIPs
        let nodePort = service.nodePort.map { ", nodePort: \($0)" } ?? ""
        let created = service.created.isEmpty ? "" : ", creationTimestamp: \"\(service.created)\""
        var text = """
            apiVersion: v1
            kind: Service
            metadata: {name: \(service.name), namespace: t\(created)}
            spec:
              type: \(service.type)
              clusterIPs: [\(clusterIPs.map { "\"\($0)\"" }.joined(separator: ", "))]
              ports: [{name: p, port: 80\(nodePort)}, {name: u, port: 80, protocol: UDP\(nodePort)}]
            \(service.more.map { "  \($0)\n" }.joined())
            """
        if !service.ingress.isEmpty {
            let list = service.ingress.map { "{ip: \"\($0)\"}" }.joined(separator: ", ")
            text += "\nstatus: {loadBalancer: {ingress: [\(list)]}}\n"
        }
        for family in families {
            var endpoints: [String] = []
            for pod in service.pods {
                let address = try await address(pod.hasPrefix("node:") ? pod : "t/\(pod)", family)
                let conditions = service.conditions[pod] ?? "ready: true, serving: true"
                endpoints.append(
                    "{addresses: [\"\(address)\"], nodeName: \(ServiceLab.node(of: pod)), conditions: {\(conditions)}}")
            }
            text += """

                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: \(service.name)-\(family.rawValue), namespace: t, labels: {kubernetes.io/service-name: \(service.name)}}
                addressType: \(family)
                ports: [{name: p, port: \(service.target)}, {name: u, port: \(service.target), protocol: UDP}]
                endpoints: [\(endpoints.joined(separator: ", "))]

                """
        }
        try Files.write("\(directory)/manifests/service-\(service.name).yaml", text)
    }

    func remove(_ service: ServiceLab.Description) throws {
        try Files.remove("\(directory)/manifests/service-\(service.name).yaml")
    }

    /// What comes of one connection.
    enum Outcome: Hashable, CustomStringConvertible {
        case answered(String, by: IPAddress?)
        case refused
        case silence

        var name: String? { if case .answered(let name, _) = self { name } else { nil } }
        var asker: IPAddress? { if case .answered(_, let asker) = self { asker } else { nil } }
        var description: String {
            switch self {
            case .answered(let name, let asker): "\(name)<-\(asker.map { "\($0)" } ?? "?")"
            case .refused: "refused"
            case .silence: "SILENCE"
            }
        }
    }

    /// Several connections, one after the other, from one place.
    func connect(_ from: String, _ to: IPAddress, _ port: Int, times: Int = 1) async throws -> [Outcome] {
        let server = to.family == .v4 ? "TCP4:\(to):\(port)" : "TCP6:[\(to)]:\(port)"
        let script = """
            for i in $(seq \(times)); do
              socat -T5 -u \(server),connect-timeout=3 - 2>&1 | tail -1 | grep . || echo silence
            done
            """
        return try await shell(from, script, deadline: .seconds(60)).split(separator: "\n").map { line in
            if line.contains("refused") { return .refused }
            if line.contains(" E ") || line == "silence" { return .silence }
            let answer = Answer(String(line))
            return .answered(answer.name, by: answer.asker)
        }
    }

    /// Waits until a service is there for a place.
    func waitFor(_ from: String, _ to: IPAddress, _ port: Int, _ names: Set<String>) async throws {
        let isThere = try await eventually(within: .seconds(20)) {
            guard let outcome = try await connect(from, to, port).first else { return false }
            return names.isEmpty ? outcome == .refused : outcome.name.map(names.contains) ?? false
        }
        try #require(isThere, "\(from) gets no answer of \(names) from \(to) port \(port)")
    }

    /// How many segments of TCP a place has sent a second time: each is a packet that was lost, or its answer.
    func retransmissions(_ place: String) async throws -> Int {
        let text = try await shell(place, "nstat -asz TcpRetransSegs | awk '/Retrans/ {print $2}'")
        return try #require(Int(text.filter(\.isNumber)), "\(text)")
    }

    /// How often a node's datapath dropped a packet that passed conntrack too often.
    func recirculationDrops(_ node: String) async throws -> String {
        let directory = "\(paths.runDirectory(node))/engine"
        return try await shell(
            "node:\(node)",
            "ovs-appctl -t \(directory)/ovs-vswitchd.$(cat \(directory)/ovs-vswitchd.pid).ctl coverage/read-counter datapath_drop_recirc_error"
        )
    }
}
