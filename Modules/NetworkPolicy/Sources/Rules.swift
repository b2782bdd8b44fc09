import Core
import Model
import Vocabulary

/// Makes rows of the rules of one policy and direction.
struct RuleCompiler {
    let traffic: Traffic
    let namespace: String
    let subjects: Group<PodPort>
    let cluster: ClusterNetwork
    let log: ACLLog?
    let isStateless: Bool
    let settings: PolicySettings
    /// The policy's identity.
    let policy: String
    /// The path of the rule, for what is wrong with it.
    let place: String

    func add(_ rule: NetworkPolicy.Rule, _ cell: inout Cell) {
        var resolver = PeerResolver(namespace: namespace, cluster: cluster, settings: settings)
        let peers = resolver.resolve(rule.peers, &cell)
        let estimate = FlowEstimate(networks: resolver.networkCount, rule.ports, traffic)
        if let tooLarge = estimate.rejection(at: place) { cell.report(tooLarge) }
        guard let ports = rule.ports else {
            return add(
                Allowance(traffic: traffic, peers: peers, ports: nil, isStateless: isStateless, log: log), &cell)
        }
        var plain: [TransportProtocol: [ClosedRange<Int>]] = [:]
        var seen: Set<NetworkPolicy.Port> = []
        for port in ports where seen.insert(port).inserted {
            switch port.number {
            case .all: plain[port.transport, default: []] += PortRanges.all.ranges
            case .range(let range): plain[port.transport, default: []].append(range)
            case .named(let name):
                let named = NamedPort(
                    traffic: traffic, transport: port.transport, name: name, peers: peers, subjects: subjects,
                    families: cluster.families, isStateless: isStateless, log: log, policy: policy,
                    place: place)
                named.add(rule.peers, resolver, &cell)
            }
        }
        guard !plain.isEmpty else { return }
        add(
            Allowance(
                traffic: traffic, peers: peers, ports: plain.mapValues { PortRanges($0) }, isStateless: isStateless,
                log: log), &cell)
    }

    private func add(_ allowance: Allowance, _ cell: inout Cell) {
        guard let group = allowance.add(cluster.families, &cell) else { return }
        cell.fill(group.ports, from: subjects, PodPort.Port.self)
    }
}

/// Whom a rule is about.
enum Peers: Hashable, Sendable {
    case everybody
    case some(Addresses)
}

/// One thing that is allowed, whoever asked for it: known by its content, so equal ones are the same rows.
struct Allowance: Hashable, Sendable {
    let traffic: Traffic
    let peers: Peers
    /// Nil for every protocol and port.
    let ports: [TransportProtocol: PortRanges]?
    let isStateless: Bool
    /// A rule that is logged is nobody else's, for the line bears its name.
    let log: ACLLog?

    /// The same for equal allowances, in any run of the program.
    private var content: String {
        let who =
            switch peers {
            case .everybody: "everybody"
            case .some(let addresses): addresses.canonical
            }
        let what = ports.map { ports in
            ports.sorted { $0.key < $1.key }.map { "\($0.key.rawValue):\($0.value)" }.joined(separator: ";")
        }
        let logged = log.map { "|\($0.name)" } ?? ""
        return "\(traffic.rawValue)|\(who)|\(what ?? "any")\(isStateless ? "|stateless" : "")\(logged)"
    }

    /// The port group to put the subjects in; nil when nothing is allowed.
    func add(_ families: [Family], _ cell: inout Cell) -> RowRef<PortGroup>? {
        let who: [(local: String, match: Match)] =
            switch peers {
            case .everybody: Match.ip(families).map { [("", $0)] } ?? []
            case .some(let addresses):
                Match.addresses(traffic.peer, in: addresses, families).map { ("v\($0.family.rawValue)-", $0.match) }
            }
        guard !who.isEmpty else { return nil }
        let content = content
        let name = RowName.hashed(content)
        let owner = ["k8s.ovn.org/owner-type": "NetworkPolicy", "k8s.ovn.org/id": content]
        let group = cell.add(PortGroup(key: .fixed(name), externalIDs: owner, name: name))
        log?.addMeter(&cell)
        var what: [(local: String, match: Match?)] = []
        if let ports {
            for (transport, ranges) in ports {
                guard let match = Match.transport(transport, to: ranges) else { continue }
                what.append((transport.rawValue.lowercased(), match))
            }
        } else {
            what = [("any", nil)]
        }
        for (family, isPeer) in who {
            let base = Match.port(traffic.port, in: group) && isPeer
            for (local, isPort) in what {
                cell.add(
                    ACL(
                        key: .fixed("\(name)/\(family)\(local)"), action: isStateless ? .allowStateless : .allowRelated,
                        direction: traffic.aclDirection, externalIDs: owner, match: isPort.map { base && $0 } ?? base,
                        options: traffic.aclOptions, priority: Isolation.priority + 1, log: log),
                    to: group.acls)
            }
        }
        return group
    }
}
