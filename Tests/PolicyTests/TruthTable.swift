import Linux
import Model

/// What was seen and what was to be seen, for one set of policies.
struct TruthTable: CustomStringConvertible {
    let oracle: Oracle
    let families: [Family]
    let passed: Set<Probe>

    /// Whether associations of SCTP were tried too.
    let hasAssociations: Bool

    static let ports = [80, 81]
    private var transports: [TransportProtocol] { hasAssociations ? [.tcp, .udp, .sctp] : [.tcp, .udp] }

    static func probes(
        _ pods: [TestPod], _ families: [Family], _ transports: [TransportProtocol]
    ) -> [Probe] {
        var all: [Probe] = []
        for from in pods {
            for to in pods where from.key != to.key {
                for transport in transports {
                    for port in ports {
                        for family in families {
                            all.append(
                                Probe(from: from.key, to: to.key, transport: transport, port: port, family: family))
                        }
                    }
                }
            }
        }
        return all
    }

    /// What can be asked of SCTP at a time: the userspace datapath of Open vSwitch 3.1 tracks it without ports, so
    /// between two addresses only the first association tells what the policies say.
    static func associations(_ pods: [TestPod], _ families: [Family]) -> [[Probe]] {
        let all = probes(pods, families, [.sctp])
        return ports.flatMap { port in
            [true, false].map { isForward in all.filter { $0.port == port && ($0.from < $0.to) == isForward } }
        }
    }

    private var pods: [String: TestPod] { Dictionary(uniqueKeysWithValues: oracle.pods.map { ($0.key, $0) }) }

    func isExpected(_ probe: Probe) -> Bool { Self.isExpected(probe, oracle, pods) }

    static func isExpected(_ probe: Probe, _ oracle: Oracle, _ pods: [String: TestPod]) -> Bool {
        guard let from = pods[probe.from], let to = pods[probe.to] else { return false }
        return oracle.allows(from, to, probe.transport, probe.port, probe.family)
    }

    var wrong: [Probe] {
        let pods = pods
        return Self.probes(oracle.pods, families, transports).filter {
            Self.isExpected($0, oracle, pods) != passed.contains($0)
        }.sorted { "\($0)" < "\($1)" }
    }

    /// A grid per protocol, port and family that has a difference: `.` passes, `X` does not; the wrong ones doubled.
    var description: String {
        let wrong = Set(wrong)
        let pods = pods
        let names = oracle.pods.map(\.key)
        var lines = oracle.policies.map { $0.json.text() }
        let head = "  from \\ to " + names.joined(separator: "  ")
        for transport in transports {
            for port in Self.ports {
                for family in families {
                    let own = wrong.filter { $0.transport == transport && $0.port == port && $0.family == family }
                    if own.isEmpty { continue }
                    lines.append("\(transport.rawValue) \(port) \(family): seen (expected where it differs)")
                    lines.append(head)
                    for from in names {
                        let cells = names.map { to -> String in
                            if from == to { return " - " }
                            let probe = Probe(from: from, to: to, transport: transport, port: port, family: family)
                            let seen = passed.contains(probe) ? "." : "X"
                            let expected = Self.isExpected(probe, oracle, pods) ? "." : "X"
                            return seen == expected ? " \(seen) " : "\(seen)(\(expected)"
                        }
                        lines.append("  \(from)       " + cells.joined(separator: "  "))
                    }
                }
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension PolicyLab {
    /// Puts a world in force and tries every pair.
    func table(
        _ world: World, _ prober: Prober, isSet: Bool = false, associations: Bool = false
    ) async throws -> TruthTable {
        if !isSet { try await set(world) }
        let pods = world.pods.map { pod in
            var pod = pod
            pod.addresses = (prober.places[pod.key]?.addresses ?? [:]).mapValues(\.description)
            return pod
        }
        let oracle = Oracle(namespaces: world.namespaces, pods: pods, policies: world.policies)
        var passed = try await verdicts(TruthTable.probes(pods, families, [.tcp, .udp]), oracle, prober)
        for part in associations ? TruthTable.associations(pods, families) : [] {
            try await forgetConnections()
            passed.formUnion(try await verdicts(part, oracle, prober, again: forgetConnections))
        }
        return TruthTable(oracle: oracle, families: families, passed: passed, hasAssociations: associations)
    }

    /// What gets through. What is expected and does not come at once is tried again.
    private func verdicts(
        _ probes: [Probe], _ oracle: Oracle, _ prober: Prober, again: () async throws -> Void = {}
    ) async throws -> Set<Probe> {
        let pods = Dictionary(uniqueKeysWithValues: oracle.pods.map { ($0.key, $0) })
        var passed = try await prober.run(probes, within: 600)
        for _ in 0..<3 {
            let missing = probes.filter { !passed.contains($0) && TruthTable.isExpected($0, oracle, pods) }
            if missing.isEmpty { break }
            passed.formUnion(try await prober.run(missing, within: 1500))
        }
        // What is refused is refused within a second, also when packets have kept asking.
        let leaks = passed.filter { !TruthTable.isExpected($0, oracle, pods) }
        if !leaks.isEmpty {
            try await Task.sleep(for: .seconds(1))
            try await again()
            passed.subtract(leaks)
            let again = try await prober.run(Array(leaks), within: 600)
            passed.formUnion(again)
            lateDenials.withLock { $0 += leaks.count - again.count }
        }
        return passed
    }

    /// Makes the datapaths forget all connections that they track.
    func forgetConnections() async throws {
        for node in record.nodes { _ = try await ask(node, "ovs-appctl", "dpctl/flush-conntrack") }
    }
}
