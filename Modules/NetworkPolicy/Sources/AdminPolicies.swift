import Core
import Model
import Vocabulary

/// The administrator's rules. All rules of all policies have one order, by priority, name and place, and each the
/// priority of its rank: a number made of the policy's own priority would run out of the engine's range below 300, of
/// the 1000 that the API allows, and could not tell two policies of one priority apart.
///
/// An engine with tiers has one for them above the policies of namespaces, one for the baseline below, and a Pass is a
/// rule. An engine without has only the order; there a Pass is taken out of the rules below it.
enum AdminPolicies {
    /// The first rule of the first policy; the rest below it, as many as there are.
    static let highestPriority = 30_000
    /// Above what namespaces' policies, multicast and egress firewalls use. All denials for which there is no room above
    /// stand here, and nothing else.
    static let lowestPriority = 10_001
    /// The first rule of the baseline in a tier of its own.
    static let baselinePriority = 1750
    /// The same in the one order of all rules: below the isolation by namespaces' policies.
    static let flatBaselinePriority = 900
    /// A rule that falls into more parts than this is not flattened.
    static let mostBoxes = 64
    /// Nor one of which a part has more networks than this, for pods that are passed on are cut out address by address.
    static let mostNetworks = 512

    static func handle(_ policy: AdminNetworkPolicy, _ cell: inout Cell) {
        let settings = cell.settings(PolicySettings.self)
        guard settings.hasAdminPolicies, let local = cell.localNode(), let cluster = cell.cluster(),
            let schema = cell.northboundSchema()
        else { return }
        let all = cell.list(cell.group(of: AdminNetworkPolicy.self)).sorted {
            ($0.priority, $0.name) < ($1.priority, $1.name)
        }
        let before = all.prefix { $0.name != policy.name }
        let log = LoggingAnnotation(policy.annotations)
        var faults = log.faults
        for traffic in Traffic.allCases {
            var rank = before.reduce(0) { $0 + $1.rules[traffic].count }
            var passes = schema.hasTiers ? [] : before.flatMap { $0.passes(traffic, &cell) }
            let room = highestPriority - lowestPriority
            if rank + policy.rules[traffic].count > room {
                faults.append(
                    Rejection(
                        "TooManyRules", field: "spec.\(traffic.rawValue.lowercased())",
                        "there are more than \(room) admin rules; the engine has no room for more, and so denials of those "
                            + "that come last are in force, and what they allow or pass on is not"))
            }
            for (index, rule) in policy.rules[traffic].enumerated() {
                if rank >= room, rule.action != .deny { continue }
                let compiler = AdminRuleCompiler(
                    traffic: traffic, index: index, priority: max(highestPriority - rank, lowestPriority),
                    tier: PolicyTier.administrators, hasTiers: schema.hasTiers, prefix: "ANP:\(policy.name)",
                    families: cluster.families, log: log, rate: settings.logRateLimit)
                faults += compiler.add(rule, policy.rules.subject, passes, &cell)
                if rule.action == .pass, !schema.hasTiers { passes += policy.passes(rule, traffic, index, &cell) }
                rank += 1
            }
        }
        finish(policy.id, faults, zone: local.nodeName, &cell)
    }

    static func handle(_ policy: BaselineAdminNetworkPolicy, _ cell: inout Cell) {
        let settings = cell.settings(PolicySettings.self)
        guard settings.hasAdminPolicies, let local = cell.localNode(), let cluster = cell.cluster(),
            let schema = cell.northboundSchema()
        else { return }
        let log = LoggingAnnotation(policy.annotations)
        let highest = schema.hasTiers ? baselinePriority : flatBaselinePriority
        var faults = log.faults
        for traffic in Traffic.allCases {
            for (index, rule) in policy.rules[traffic].enumerated() {
                let compiler = AdminRuleCompiler(
                    traffic: traffic, index: index, priority: highest - index, tier: PolicyTier.baseline,
                    hasTiers: schema.hasTiers, prefix: "BANP:\(policy.name)", families: cluster.families, log: log,
                    rate: settings.logRateLimit)
                faults += compiler.add(rule, policy.rules.subject, [], &cell)
            }
        }
        finish(policy.id, faults, zone: local.nodeName, &cell)
    }

    /// Not all that is asked for is in force, or not as it is written.
    private static let failures: Set = ["TooManyParts", "NamedPass", "TooManyRules"]
    /// Of a condition, in characters: the API takes no more.
    private static let longestMessage = 32_767

    /// A condition per zone, as the API has it.
    private static func finish(_ id: ObjectID, _ faults: [Rejection], zone: String, _ cell: inout Cell) {
        for fault in faults { cell.report(fault) }
        let failed = faults.filter { failures.contains($0.reason) }
        let text = failed.map(\.description).joined(separator: "; ")
        let condition =
            failed.isEmpty
            ? Condition(.true, reason: "SetupSucceeded", message: "Setting up OVN DB plumbing was successful")
            : Condition(.false, reason: "SetupFailed", message: String(text.prefix(longestMessage)))
        cell.add(ObjectStatus(id, conditions: ["Ready-In-Zone-\(zone)": condition]))
    }
}

extension AdminRules {
    subscript(_ traffic: Traffic) -> [Rule] { traffic == .ingress ? ingress : egress }
}

extension AdminNetworkPolicy {
    fileprivate func passes(_ traffic: Traffic, _ cell: inout Cell) -> [AdminPass] {
        var all: [AdminPass] = []
        for (index, rule) in rules[traffic].enumerated() where rule.action == .pass {
            all += passes(rule, traffic, index, &cell)
        }
        return all
    }

    /// What a rule of this policy, a Pass, takes out of those below it.
    fileprivate func passes(
        _ rule: AdminRules.Rule, _ traffic: Traffic, _ index: Int, _ cell: inout Cell
    ) -> [AdminPass] {
        let whole = Dictionary(rule.names.map { ($0.transport, PortRanges.all) }) { one, _ in one }
        let text = "\(name) spec.\(traffic.rawValue.lowercased())[\(index)]"
        let named = rule.boxes(rules.subject, AdminPorts(ranges: whole, others: false), &cell)
        return rule.boxes(rules.subject, &cell).map { AdminPass(rule: text, box: $0, isNamed: false) }
            + named.map { AdminPass(rule: text, box: $0, isNamed: true) }
    }
}

extension AdminRules.Rule {
    /// A box per peer, with the numeric ports; those that are named are the receiving pods' own.
    func boxes(_ subject: AdminRules.Pods, _ cell: inout Cell) -> [AdminBox] {
        var plain = AdminPorts(ranges: [:], others: false)
        for port in ports ?? [] {
            let known = plain.ranges[port.transport]?.ranges ?? []
            switch port.number {
            case .all: plain.ranges[port.transport] = .all
            case .range(let range): plain.ranges[port.transport] = PortRanges(known + [range])
            case .named: break
            }
        }
        return boxes(subject, ports == nil ? AdminPorts.all : plain, &cell)
    }

    fileprivate func boxes(_ subject: AdminRules.Pods, _ ports: AdminPorts, _ cell: inout Cell) -> [AdminBox] {
        var all: [AdminBox] = []
        for peer in peers { all.append(AdminBox(subject: subject, peer: peer.resolved(&cell), ports: ports)) }
        return all.filter { !$0.isEmpty }
    }

    var names: [(transport: TransportProtocol, name: String)] {
        (ports ?? []).compactMap { port in
            if case .named(let name) = port.number { (port.transport, name) } else { nil }
        }
    }
}

extension AdminRules.Peer {
    func resolved(_ cell: inout Cell) -> AdminPeer {
        switch self {
        case .pods(let pods): return AdminPeer(pods: pods)
        case .networks(let networks): return AdminPeer(networks: networks)
        case .nodes(let selector):
            let nodes = cell.list(cell.group(of: Node.self, matching: selector))
            let addresses = nodes.flatMap(\.hostAddresses)
            return AdminPeer(networks: Set(addresses.map(IPNetwork.init(host:))).sorted())
        }
    }
}

extension Node {
    /// All addresses of the host, as its own daemon has annotated them.
    fileprivate var hostAddresses: [IPAddress] {
        let annotated = (try? annotations.annotation(HostCIDRs.self))?.addresses.map(\.address) ?? []
        return annotated + internalAddresses
    }
}
