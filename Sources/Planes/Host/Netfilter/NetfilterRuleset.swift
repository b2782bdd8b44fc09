import Linux
import Model

/// Our two tables in one network namespace, changed and listed with `nft`.
final class NetfilterRuleset {
    /// Nil for the namespace of the calling thread.
    private let namespace: NetworkNamespace?
    private let writes: WriteCounter?
    /// What is there; nil for a table that is not there.
    private(set) var state: [NetfilterFamily: NetfilterState] = [:]

    init(in namespace: NetworkNamespace? = nil, writes: WriteCounter? = nil) {
        self.namespace = namespace
        self.writes = writes
    }

    /// Reads what is there.
    func list() throws {
        for family in NetfilterFamily.allCases {
            let command = Command(
                "nft", "--numeric", "--stateless", "list", "table", family.rawValue, NetfilterScript.table,
                in: namespace)
            let outcome = try command.outcome()
            if outcome.succeeded {
                state[family] = NetfilterListing.parse(outcome.output)
            } else if outcome.errors.contains("No such file or directory") {
                state[family] = nil
            } else {
                throw CommandError(command: command.description, message: Self.words(outcome))
            }
        }
    }

    /// Brings the tables to the wanted state: in one transaction, or, when that is refused, name by name so that one
    /// bad chain does not keep the others out.
    func apply(
        _ wanted: [NetfilterFamily: NetfilterState], renewed: Set<NetfilterName> = []
    ) throws -> (written: Set<NetfilterName>, failures: [NetfilterName: String]) {
        let scripts = NetfilterFamily.allCases.map { family in
            (
                family,
                NetfilterScript(
                    family, from: state[family], to: wanted[family] ?? NetfilterState(),
                    renewed: Set(renewed.filter { $0.family == family }.map(\.name)))
            )
        }
        let names = Set(
            scripts.flatMap { family, script in script.names.map { NetfilterName(family: family, name: $0) } })
        let text = scripts.map(\.1).filter { !$0.lines.isEmpty }.map(\.text).joined()
        if text.isEmpty { return ([], [:]) }
        guard try run(text) != nil else {
            state = wanted.filter { !$0.value.isEmpty }
            return (names, [:])
        }
        return try applyOneByOne(wanted, names, renewed)
    }

    private func applyOneByOne(
        _ wanted: [NetfilterFamily: NetfilterState], _ names: Set<NetfilterName>, _ renewed: Set<NetfilterName>
    ) throws -> (written: Set<NetfilterName>, failures: [NetfilterName: String]) {
        var waiting = names.sorted()
        var failures: [NetfilterName: String] = [:]
        var written: Set<NetfilterName> = []
        // A chain may need another one that comes later: as long as something goes in, the rest is tried again.
        while true {
            var progress = false
            failures = [:]
            for name in waiting {
                var step = state[name.family] ?? NetfilterState()
                step.chains[name.name] = wanted[name.family]?.chains[name.name]
                step.sets[name.name] = wanted[name.family]?.sets[name.name]
                let again: Set<String> = renewed.contains(name) ? [name.name] : []
                let script = NetfilterScript(name.family, from: state[name.family], to: step, renewed: again)
                if let failure = script.lines.isEmpty ? nil : try run(script.text) {
                    failures[name] = failure
                } else {
                    state[name.family] = step.isEmpty ? nil : step
                    written.insert(name)
                    progress = true
                }
            }
            waiting = failures.keys.sorted()
            if waiting.isEmpty || !progress { return (written, failures) }
        }
    }

    /// Nil when it went in, else the tool's words.
    private func run(_ script: String) throws -> String? {
        let outcome = try Command(["nft", "-f", "-"], input: script, in: namespace).outcome()
        if outcome.succeeded {
            writes?.add()
            return nil
        }
        return Self.words(outcome)
    }

    /// The first message of the tool, without the place in a script that nobody sees, with the line that it quotes.
    private static func words(_ outcome: Command.Outcome) -> String {
        let lines = outcome.errors.split(separator: "\n").map(String.init)
        guard let first = lines.first else { return "nft failed: \(outcome.exit)" }
        let message = first.firstRange(of: "Error: ").map { String(first[$0.upperBound...]) } ?? first
        return lines.count > 1 ? "\(message): \(lines[1])" : message
    }
}
