import Model

/// Writes what `nft -f` has to do to get a table from one state to another, in one transaction.
struct NetfilterScript {
    static let table = "ovenbird"

    private let prefix: String
    private(set) var lines: [String] = []
    /// The chains and sets that it writes or removes.
    private(set) var names: Set<String> = []

    /// `renewed` are chains that have to be made again though they look right.
    init(
        _ family: NetfilterFamily, from old: NetfilterState?, to new: NetfilterState, renewed: Set<String> = []
    ) {
        prefix = "\(family.rawValue) \(Self.table)"
        var old = old
        if new.isEmpty {
            guard let old else { return }
            lines = ["delete table \(prefix)"]
            names = Set(old.chains.keys).union(old.sets.keys)
            return
        }
        if let present = old, Self.mustRebuild(present, new) {
            lines = ["delete table \(prefix)"]
            names = Set(present.chains.keys).union(present.sets.keys)
            old = nil
        }
        if old == nil { lines.append("add table \(prefix)") }
        write(from: old ?? NetfilterState(), to: new, renewed)
    }

    /// A set's type can only be changed by making the set again, and rules hold on to it.
    private static func mustRebuild(_ old: NetfilterState, _ new: NetfilterState) -> Bool {
        new.sets.contains { name, set in
            old.sets[name].map { $0.type != set.type || $0.interval != set.interval } ?? false
        }
    }

    private mutating func write(from old: NetfilterState, to new: NetfilterState, _ renewed: Set<String>) {
        var empty: Set<String> = []
        for (name, chain) in old.chains.sorted(by: { $0.key < $1.key }) {
            let wanted = new.chains[name]
            if let wanted, wanted.hook == chain.hook, !renewed.contains(name) { continue }
            names.insert(name)
            lines.append("flush chain \(prefix) \(name)")
            if wanted != nil {
                lines.append("delete chain \(prefix) \(name)")
                empty.insert(name)
            }
        }
        for (name, set) in new.sets.sorted(by: { $0.key < $1.key }) { write(name, set, old.sets[name]) }
        let chains = new.chains.sorted { $0.key < $1.key }
        for (name, chain) in chains where old.chains[name] == nil || empty.contains(name) {
            names.insert(name)
            lines.append("add chain \(prefix) \(name)" + (chain.hook.map { " { \(Self.text(of: $0)) }" } ?? ""))
        }
        for (name, chain) in chains {
            let present = empty.contains(name) ? [] : old.chains[name]?.rules ?? []
            guard present != chain.rules else { continue }
            names.insert(name)
            if !present.isEmpty { lines.append("flush chain \(prefix) \(name)") }
            lines += chain.rules.map { "add rule \(prefix) \(name) \($0)" }
        }
        for name in old.chains.keys.sorted() where new.chains[name] == nil {
            lines.append("delete chain \(prefix) \(name)")
        }
        for (name, set) in old.sets.sorted(by: { $0.key < $1.key }) where new.sets[name] == nil {
            names.insert(name)
            lines.append("delete \(set.word) \(prefix) \(name)")
        }
    }

    private mutating func write(_ name: String, _ set: NetfilterState.Set, _ old: NetfilterState.Set?) {
        guard old != set else { return }
        names.insert(name)
        if old == nil {
            let flags = set.interval ? "flags interval; " : ""
            lines.append("add \(set.word) \(prefix) \(name) { type \(set.type); \(flags)}")
        }
        let present = old?.elements ?? []
        elements("delete", name, present.subtracting(set.elements))
        elements("add", name, set.elements.subtracting(present))
    }

    private mutating func elements(_ verb: String, _ name: String, _ elements: Set<String>) {
        if elements.isEmpty { return }
        lines.append("\(verb) element \(prefix) \(name) { \(elements.sorted().joined(separator: ", ")) }")
    }

    private static func text(of hook: NetfilterChain.Hook) -> String {
        let device = hook.device.map { " device \"\($0)\"" } ?? ""
        return "type \(hook.type) hook \(hook.hook)\(device) priority \(hook.priority); policy \(hook.policy);"
    }

    var text: String { lines.joined(separator: "\n") + "\n" }
}
