@testable import Core

/// What the test modules must give, computed anew from all objects by loops.
struct Oracle {
    var namespaces: [String: Namespace] = [:]
    var pods: [ObjectID: Pod] = [:]
    var policies: [ObjectID: Policy] = [:]
    var markers: [String: Marker] = [:]
    /// By policy: the version whose contributions are in force; nil for none.
    private var inForce: [ObjectID: Policy] = [:]
    /// The modules that are on, in their order.
    var modules = ["policy", "marker"]

    mutating func put(_ object: any Kind) {
        switch object {
        case let x as Namespace: namespaces[x.name] = x
        case let x as Pod: pods[x.id] = x
        case let x as Policy: policies[x.id] = x
        case let x as Marker: markers[x.name] = x
        default: break
        }
    }

    mutating func remove(_ id: ObjectID) {
        namespaces[id.kind == Namespace.kind ? id.name : ""] = nil
        pods[id] = nil
        policies[id] = nil
        inForce[id] = nil
        if id.kind == Marker.kind { markers[id.name] = nil }
    }

    /// To be called once per turn: a broken policy with subjects keeps what it had.
    mutating func turn() {
        guard modules.contains("policy") else { return inForce = [:] }
        for (id, policy) in policies {
            if subjects(policy).isEmpty {
                inForce[id] = nil
            } else if !policy.isBroken {
                inForce[id] = policy
            }
        }
    }

    func select(_ scope: Scope, _ selector: LabelSelector) -> [Pod] {
        pods.values.filter { pod in
            guard selector.matches(pod.labels) else { return false }
            switch scope {
            case .everywhere: return true
            case .namespace(let name): return pod.namespace == name
            case .namespaces(let namespaceSelector):
                return namespaces[pod.namespace].map { namespaceSelector.matches($0.labels) } ?? false
            }
        }
    }

    func subjects(_ policy: Policy) -> [Pod] {
        select(.namespace(policy.namespace), policy.subject).filter { Pod.isLocal.holds($0) }
    }

    // MARK: the table

    /// The rows, with group names from the engine.
    func table(_ engine: Engine) -> [RowID: RowContent] {
        var builder = TableBuilder(modules: modules)
        if modules.contains("policy") {
            for policy in inForce.values { add(policy, engine, &builder) }
        }
        if modules.contains("marker") {
            for marker in markers.values { add(marker, &builder) }
            var published: Set<ObjectID> = []
            for marker in markers.values.sorted(by: { $0.name < $1.name }) {
                for pod in select(.namespaces(marker.namespaces), marker.pods) where published.insert(pod.id).inserted {
                    builder.declare(
                        "marker", Route.table, "mark/\(pod.namespace)/\(pod.name)/mark", [1: .integer(marker.mark)])
                }
            }
        }
        return builder.table
    }

    private func add(_ policy: Policy, _ engine: Engine, _ builder: inout TableBuilder) {
        let subjects = subjects(policy).map { Value.string("\($0.namespace)_\($0.name)") }
        builder.declare("policy", PortGroup.table, "isolated", [0: .string("isolated")])
        builder.add(subjects, PortGroup.table, "isolated", 1)
        let group = engine.name(.namespace(policy.namespace), policy.subject, ["local"]).description
        builder.declare("policy", PortGroup.table, group, entries: [3: ["of": "policy"]])
        builder.add(subjects, PortGroup.table, group, 1)
        var match = "none"
        if let selector = policy.peers {
            let name = engine.name(policy.peerScope, selector, []).description
            match = "$\(name)"
            builder.declare("policy", AddressSet.table, "\(name)/v4")
            let addresses = select(policy.peerScope, selector).flatMap { $0.addresses.map { Value.string($0) } }
            builder.add(addresses, AddressSet.table, "\(name)/v4", 1)
        }
        let key = "policy/\(policy.namespace)/\(policy.name)/in"
        builder.declare("policy", ACL.table, key, [0: .string(match), 1: .integer(1001)])
        builder.add([.row(RowID(ACL.table, key))], PortGroup.table, group, 2)
    }

    private func add(_ marker: Marker, _ builder: inout TableBuilder) {
        builder.declare("marker", Route.table, "shared", marker.banner.map { [0: .string($0)] } ?? [:])
        builder.add(marker.extra.map { .string($0) }, Route.table, "shared", 2)
        builder.add(marker.extra.map { .string($0) }, PortGroup.table, "isolated", 1)
        if let banner = marker.banner { builder.say("marker", PortGroup.table, "isolated", [0: .string(banner)]) }
        if let entry = marker.entry {
            builder.say("marker", PortGroup.table, "isolated", entries: [3: ["entry": entry]])
        }
        for pod in select(.namespaces(marker.namespaces), marker.pods) {
            builder.add([.string("\(pod.namespace)_\(pod.name)")], Route.table, "shared", 2)
            let own = "pod/\(pod.namespace)/\(pod.name)"
            var columns: [Int: Value] = [1: .integer(marker.mark)]
            if let address = pod.addresses.first { columns[0] = .string(address) }
            builder.declare("marker", Route.table, "\(own)/\(marker.name)", columns)
            let tier = namespaces[pod.namespace]?.labels["tier"] ?? "none"
            builder.declare(
                "marker", Route.table, "\(own)/direct", [0: .string(tier), 1: .integer(marker.mark)])
        }
    }
}

/// Adds contributions up: sets by union, scalars and entries by the order of modules, then of values.
struct TableBuilder {
    let modules: [String]
    private var declared: Set<RowID> = []
    private var scalars: [RowID: [Int: [(Int, Value)]]] = [:]
    private var entries: [RowID: [Int: [String: [(Int, String)]]]] = [:]
    private var sets: [RowID: [Int: Set<Value>]] = [:]

    init(modules: [String]) { self.modules = modules }

    mutating func declare(
        _ module: String, _ table: Table, _ key: String, _ columns: [Int: Value] = [:],
        entries: [Int: [String: String]] = [:]
    ) {
        declared.insert(RowID(table, key))
        say(module, table, key, columns, entries: entries)
    }

    mutating func say(
        _ module: String, _ table: Table, _ key: String, _ columns: [Int: Value] = [:],
        entries: [Int: [String: String]] = [:]
    ) {
        let row = RowID(table, key)
        let rank = modules.firstIndex(of: module) ?? 0
        for (column, value) in columns { scalars[row, default: [:]][column, default: []].append((rank, value)) }
        for (column, map) in entries {
            for (key, value) in map {
                self.entries[row, default: [:]][column, default: [:]][key, default: []].append((rank, value))
            }
        }
    }

    mutating func add(_ values: [Value], _ table: Table, _ key: String, _ column: Int) {
        sets[RowID(table, key), default: [:]][column, default: []].formUnion(values)
    }

    var table: [RowID: RowContent] {
        var table: [RowID: RowContent] = [:]
        for row in declared {
            var content = RowContent()
            for (column, values) in scalars[row] ?? [:] {
                if let first = values.min(by: { $0 < $1 }) { content.columns[column] = .scalar(first.1) }
            }
            for (column, map) in entries[row] ?? [:] {
                content.columns[column] = .map(map.compactMapValues { $0.min { $0 < $1 }?.1 })
            }
            for (column, values) in sets[row] ?? [:] where !values.isEmpty { content.columns[column] = .set(values) }
            table[row] = content
        }
        return table
    }
}

extension Engine {
    /// The name that a group of pods has.
    func name(_ scope: Scope, _ selector: LabelSelector, _ terms: [String]) -> GroupName {
        let place: GroupScope =
            switch scope {
            case .everywhere: .everywhere
            case .namespace(let name): .namespace(atoms.intern(name))
            case .namespaces(let namespaces):
                .namespaces(group(kindInfo(Namespace.self), .everywhere, self.selector(namespaces, [])))
            }
        return GroupName(hash: groups[group(kindInfo(Pod.self), place, self.selector(selector, terms))].name)
    }
}
