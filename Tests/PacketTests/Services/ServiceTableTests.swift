import Core
import Linux
import Model
import Testing

@testable import Lab

extension Packets.Services {
    /// A line of the truth table.
    private struct Case: Sendable {
        let from: String
        let service: String
        let what: String
        let to: IPAddress
        let port: Int
        /// The pods that may answer; none: it must be refused.
        let expected: Set<String>
        /// As whom the pod must see the client; nil: not looked at.
        let asker: IPAddress?
    }

    private static let places = ["t/ask", "t/s1", "t/far", "node:n1", "outside"]

    /// Who may answer: the policies count for pods and for the host at the cluster's address, for the rest outside.
    private func expected(_ service: ServiceLab.Description, _ what: String, from: String) -> Set<String> {
        let isLocal = { (policy: String) in service.more.contains("\(policy)TrafficPolicy: Local") }
        let all = Set(service.pods.map(ServiceLab.name))
        func on(_ node: String) -> Set<String> {
            Set(service.pods.filter { ServiceLab.node(of: $0) == node }.map(ServiceLab.name))
        }
        let home = from == "t/far" ? "n2" : "n1"
        if what == "cluster" { return isLocal("internal") ? on(home) : all }
        guard isLocal("external") else { return all }
        if what == "ingress" { return from == "outside" ? on("n1") : all }
        // A pod, and the host, on the node whose port they ask are clients inside the cluster.
        return from != "outside" && what == home ? all : on(what)
    }

    private func cases(_ lab: PacketLab) async throws -> [Case] {
        var cases: [Case] = []
        for service in ServiceLab.table {
            for family in lab.families {
                var targets: [(String, IPAddress, Int)] = []
                if let address = service.addresses(family) { targets.append(("cluster", address, 80)) }
                for node in ["n1", "n2"] {
                    targets.append((node, try await lab.address("node:\(node)", family), service.nodePort ?? 0))
                }
                for text in service.ingress {
                    if let address = IPAddress(text), address.family == family {
                        targets.append(("ingress", address, 80))
                    }
                }
                for (what, address, port) in targets {
                    for from in Self.places where !(from == "outside" && what == "cluster") {
                        let own = from.hasPrefix("t/") ? try await lab.address(from, family) : nil
                        let isInside =
                            what == "cluster" && from.hasPrefix("t/") && from != "t/s1"
                            && !service.pods.contains { $0.hasPrefix("node:") }
                        let keeps = service.more.contains("externalTrafficPolicy: Local") && from == "outside"
                        let client = try await lab.address("outside", family)
                        cases.append(
                            Case(
                                from: from, service: service.name, what: what, to: address, port: port,
                                expected: expected(service, what, from: from),
                                asker: service.name == "itself" ? nil : isInside ? own : keeps ? client : nil))
                    }
                }
            }
        }
        return cases
    }

    @Test("reach whom they should, from everywhere, and as whom they should", .timeLimit(.minutes(3)))
    func truthTable() async throws {
        let lab = try Packets.lab()
        // Two processes of a node, which are endpoints too.
        try await lab.answering("node:n1", 8080, as: "n1") {
            try await lab.answering("node:n1", 8070, as: "n1") {
                try await tryTable(lab)
            }
        }
        for node in ["n1", "n2"] { #expect(try await lab.recirculationDrops(node) == "0\n", "\(node)") }
    }

    private func tryTable(_ lab: PacketLab) async throws {
        for service in ServiceLab.table { try await lab.put(service) }
        try await lab.shell(
            "outside", "ip route replace 172.31.0.0/16 via 172.30.0.1; ip route replace fd31::/16 via fd30::1")
        let last = try await lab.address("node:n2", .v6)
        try await lab.waitFor("outside", last, 30050, ServiceLab.answering)
        try await lab.waitFor("outside", last, 30056, ServiceLab.answering)
        let cases = try await cases(lab)
        let seen = try await withThrowingTaskGroup(of: (Int, [PacketLab.Outcome]).self) { group in
            var rest = cases.enumerated().makeIterator()
            func start() {
                guard let (place, one) = rest.next() else { return }
                group.addTask { (place, try await lab.connect(one.from, one.to, one.port, times: 4)) }
            }
            for _ in 0..<4 { start() }
            var found: [Int: [PacketLab.Outcome]] = [:]
            while let (place, outcomes) = try await group.next() {
                found[place] = outcomes
                start()
            }
            return found
        }
        for (place, one) in cases.enumerated() {
            let outcomes = seen[place] ?? []
            let isRight =
                outcomes.count == 4
                && outcomes.allSatisfy { outcome in
                    one.expected.isEmpty ? outcome == .refused : outcome.name.map(one.expected.contains) ?? false
                } && outcomes.allSatisfy { one.asker == nil || one.expected.isEmpty || $0.asker == one.asker }
            let counts = Dictionary(grouping: outcomes) { $0.description }.map { "\($0.value.count) \($0.key)" }
                .sorted()
            print(
                isRight ? "✓" : "✗", one.from.padded(8), one.service.padded(9), one.what.padded(8),
                "\(one.to) port \(one.port)".padded(30), counts.joined(separator: ", "))
            #expect(isRight, "\(one.from) to \(one.service) by \(one.what), \(one.to) port \(one.port): \(counts)")
        }
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
