import Linux
import Model

/// What was seen and what was to be seen, for one set of policies.
struct TruthTable: CustomStringConvertible {
    let oracle: Oracle
    let families: [Family]
    let passed: Set<Probe>

    static let transports = [TransportProtocol.tcp, .udp]
    static let ports = [80, 81]

    static func probes(_ pods: [TestPod], _ families: [Family]) -> [Probe] {
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

    private var pods: [String: TestPod] { Dictionary(uniqueKeysWithValues: oracle.pods.map { ($0.key, $0) }) }

    func isExpected(_ probe: Probe) -> Bool { Self.isExpected(probe, oracle, pods) }

    static func isExpected(_ probe: Probe, _ oracle: Oracle, _ pods: [String: TestPod]) -> Bool {
        guard let from = pods[probe.from], let to = pods[probe.to] else { return false }
        return oracle.allows(from, to, probe.transport, probe.port, probe.family)
    }

    var wrong: [Probe] {
        let pods = pods
        return Self.probes(oracle.pods, families).filter {
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
        for transport in Self.transports {
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
    /// Puts a world in force and tries every pair; what is expected and does not come at once is tried again.
    func table(_ world: World, _ prober: Prober, isSet: Bool = false) async throws -> TruthTable {
        if !isSet { try await set(world) }
        let pods = world.pods.map { pod in
            var pod = pod
            pod.addresses = (prober.places[pod.key]?.addresses ?? [:]).mapValues(\.description)
            return pod
        }
        let oracle = Oracle(namespaces: world.namespaces, pods: pods, policies: world.policies)
        let byKey = Dictionary(uniqueKeysWithValues: pods.map { ($0.key, $0) })
        let probes = TruthTable.probes(pods, families)
        var passed = try await prober.run(probes, within: 600)
        for _ in 0..<3 {
            let missing = probes.filter { !passed.contains($0) && TruthTable.isExpected($0, oracle, byKey) }
            if missing.isEmpty { break }
            passed.formUnion(try await prober.run(missing, within: 1500))
        }
        // What is refused is refused within a second, also when packets have kept asking.
        let leaks = passed.filter { !TruthTable.isExpected($0, oracle, byKey) }
        if !leaks.isEmpty {
            try await Task.sleep(for: .seconds(1))
            passed.subtract(leaks)
            passed.formUnion(try await prober.run(Array(leaks), within: 600))
        }
        return TruthTable(oracle: oracle, families: families, passed: passed)
    }
}
