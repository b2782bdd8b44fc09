import Core
import Model
import Vocabulary

/// Makes rows of one rule of an administrator.
struct AdminRuleCompiler: Sendable, Equatable {
    let traffic: Traffic
    let index: Int
    let priority: Int
    let tier: Int
    /// Whether a Pass is a rule like the others. Else it is taken out of those below it.
    let hasTiers: Bool
    /// `ANP:NAME`.
    let prefix: String
    let families: [Family]
    let log: LoggingAnnotation
    let rate: Int

    private var place: String { "spec.\(traffic.rawValue.lowercased())[\(index)]" }

    /// Returns what could not be done as it is written.
    func add(
        _ rule: AdminRules.Rule, _ subject: AdminRules.Pods, _ passes: [AdminPass], _ cell: inout Cell
    ) -> [Rejection] {
        guard rule.action != .pass || hasTiers else {
            guard !rule.names.isEmpty else { return [] }
            return [
                Rejection(
                    "NamedPass", field: place,
                    "a Pass by a named port is not supported by this engine: rules below it deny as if it were not "
                        + "there, and allow nothing of its protocols; name the port's number")
            ]
        }
        var faults: [Rejection] = []
        var boxes: [AdminBox] = []
        for box in rule.boxes(subject, &cell) { boxes += cut(box, passes, rule, &faults, &cell) }
        if let tooLarge = FlowEstimate(boxes, families).rejection(at: place), isAboutSomebody(subject, &cell) {
            faults.append(tooLarge)
        }
        for (part, box) in boxes.enumerated() {
            add(box, "\(part)", rule.action, part: box.ports, &cell)
        }
        for (number, named) in rule.names.enumerated() {
            let ports = AdminPorts(ranges: [named.transport: .all], others: false)
            for (place, peer) in rule.peers.enumerated() {
                let whole = AdminBox(subject: subject, peer: peer.resolved(&cell), ports: ports)
                for (part, box) in cut(whole, passes, rule, &faults, &cell).enumerated() {
                    let child = AdminNamedPort(
                        compiler: self, box: box, transport: named.transport, name: named.name, action: rule.action,
                        local: "named\(number)-\(place)-\(part)")
                    child.add(&cell)
                }
            }
        }
        return faults + unknownPorts(rule, subject, &cell)
    }

    private func isAboutSomebody(_ subject: AdminRules.Pods, _ cell: inout Cell) -> Bool {
        cell.any(subject.group(only: [PodPort.isLocal], &cell))
    }

    /// The names that no pod that may receive gives a port of, whatever the protocol.
    private func unknownPorts(
        _ rule: AdminRules.Rule, _ subject: AdminRules.Pods, _ cell: inout Cell
    ) -> [Rejection] {
        guard !rule.names.isEmpty, isAboutSomebody(subject, &cell) else { return [] }
        var receivers: [(pods: Group<PodPort>, networks: [IPNetwork]?)] = []
        if traffic == .ingress {
            receivers.append((subject.group(&cell), nil))
        } else {
            for case .pods(let pods) in rule.peers { receivers.append((pods.group(&cell), nil)) }
        }
        var faults: [Rejection] = []
        for (name, ports) in Dictionary(grouping: rule.names, by: \.name).sorted(by: { $0.key < $1.key }) {
            let search = PortSearch(
                rule: "\(prefix)/\(traffic.rawValue)/\(index)", name: name, transports: ports.map(\.transport))
            guard search.isInVain(among: receivers, &cell) else { continue }
            let who = traffic == .ingress ? "none of the pods that the policy is about" : "none of the rule's pods"
            faults.append(Rejection("UnknownPort", field: place, "\(who) has a port named \(name)"))
        }
        return faults
    }

    /// The box without what was passed on above it. What falls into too many parts is denied whole, or not allowed.
    private func cut(
        _ box: AdminBox, _ passes: [AdminPass], _ rule: AdminRules.Rule, _ faults: inout [Rejection],
        _ cell: inout Cell
    ) -> [AdminBox] {
        var rest = [box]
        // A list that was long before is not the Pass rules' doing.
        let mostNetworks = max(AdminPolicies.mostNetworks, box.peer.networks?.count ?? 0)
        for pass in passes where rule.action == .allow || !pass.isNamed {
            let isWithinLimits = cut(&rest, by: pass.box, mostNetworks, &cell)
            guard !isWithinLimits else { continue }
            let verdict = rule.action == .deny ? "is denied whole" : "allows nothing"
            faults.append(
                Rejection(
                    "TooManyParts", field: place,
                    "falls into more than \(AdminPolicies.mostBoxes) parts or \(mostNetworks) networks by \(pass.rule), "
                        + "a Pass above it, and so \(verdict)"))
            return rule.action == .deny ? [box] : []
        }
        return rest
    }

    /// Whether what is left can be made rules of.
    private func cut(_ boxes: inout [AdminBox], by pass: AdminBox, _ mostNetworks: Int, _ cell: inout Cell) -> Bool {
        var rest: [AdminBox] = []
        for box in boxes {
            if !box.subject.overlaps(pass.subject) || box.ports.intersection(pass.ports).isEmpty {
                rest.append(box)
                continue
            }
            let hole = enumerated(pass, for: box, &cell)
            guard hole.peer.networks?.count ?? 0 <= mostNetworks else { return false }
            rest += box.subtracting(hole)
        }
        boxes = rest
        return rest.count <= AdminPolicies.mostBoxes
            && rest.allSatisfy { $0.peer.networks?.count ?? 0 <= mostNetworks }
    }

    /// Networks without pods: only then must the pods' addresses themselves be looked at.
    private func enumerated(_ pass: AdminBox, for box: AdminBox, _ cell: inout Cell) -> AdminBox {
        guard box.peer.pods == nil, let pods = pass.peer.pods else { return pass }
        var result = pass
        let addresses = cell.list(pods.group(&cell)).flatMap(\.addresses).map(\.address).filter { address in
            box.peer.networks?.contains { $0.contains(address) } ?? true
        }
        result.peer = AdminPeer(networks: addresses.map(IPNetwork.init(host:)).sorted())
        return result
    }

    /// One box as ACLs of its subjects' port group; without local subjects there are none.
    func add(
        _ box: AdminBox, _ local: String, _ action: AdminRules.Action, part ports: AdminPorts, _ cell: inout Cell
    ) {
        let peers = matches(box.peer, &cell)
        guard !peers.isEmpty, let group = subjects(box.subject, &cell) else { return }
        add(group, peers, local, action, ports, &cell)
    }

    /// The port group of the local subjects, shared by all rules for the same ones; nil when there are none.
    func subjects(_ pods: AdminRules.Pods, _ cell: inout Cell) -> RowRef<PortGroup>? {
        let local = pods.group(only: [PodPort.isLocal], &cell)
        guard cell.any(local) else { return nil }
        return cell.portGroup(
            RowName.hashed("AdminSubjects:\(pods.canonical)"), of: local,
            about: ["k8s.ovn.org/owner-type": "AdminSubjects"])
    }

    func add(
        _ group: RowRef<PortGroup>, _ peers: [(family: Family, match: Match)], _ local: String,
        _ action: AdminRules.Action, _ ports: AdminPorts, _ cell: inout Cell
    ) {
        let kind = prefix.hasPrefix("B") ? "BaselineAdminNetworkPolicy" : "AdminNetworkPolicy"
        let owner = ["k8s.ovn.org/owner-type": kind]
        let severity = log[action]
        let line = severity.map { ACLLog(name: "\(prefix):\(traffic.rawValue):\(index)", severity: $0, rate: rate) }
        line?.addMeter(&cell)
        for (family, isPeer) in peers {
            let base = Match.port(traffic.port, in: group) && isPeer
            for (word, match) in ports.matches {
                let key = "\(prefix)/\(traffic.rawValue)/\(index)/\(local)/v\(family.rawValue)-\(word)"
                cell.add(
                    ACL(
                        key: .fixed(key), action: action.ofEngine, direction: traffic.aclDirection, externalIDs: owner,
                        match: match.map { base && $0 } ?? base,
                        options: traffic.aclOptions, priority: priority, tier: tier, log: line),
                    to: group.acls)
            }
        }
    }

    /// Of each family in which there is somebody.
    func matches(_ peer: AdminPeer, _ cell: inout Cell) -> [(family: Family, match: Match)] {
        var all: [(family: Family, match: Match)]?
        if let pods = peer.pods {
            all = Match.addresses(traffic.peer, in: cell.addresses(of: pods.group(&cell), families), families)
        }
        if let networks = peer.networks {
            let addresses = cell.addresses(of: networks.filter { families.contains($0.family) }, families)
            let own = Match.addresses(traffic.peer, in: addresses, families)
            all =
                all.map { all in
                    all.compactMap { one in
                        own.first { $0.family == one.family }.map { (one.family, one.match && $0.match) }
                    }
                } ?? own
        }
        return all ?? []
    }
}

extension AdminRules.Action {
    fileprivate var ofEngine: ACL.Action {
        switch self {
        case .allow: .allowRelated
        case .deny: .drop
        case .pass: .pass
        }
    }
}

extension LoggingAnnotation {
    fileprivate subscript(_ action: AdminRules.Action) -> ACL.Severity? {
        switch action {
        case .allow: allow
        case .deny: deny
        case .pass: pass
        }
    }
}

extension AdminRules.Pods {
    /// Pods on the host's network are neither subjects nor peers: they have no port.
    func group(only terms: [Term<PodPort>] = [], _ cell: inout Cell) -> Group<PodPort> {
        cell.group(
            of: PodPort.self, in: namespaces == .everything ? .everywhere : .namespaces(namespaces), matching: pods,
            only: terms)
    }
}

/// A port that the receiving pod names, in a rule of an administrator.
struct AdminNamedPort: Child {
    let compiler: AdminRuleCompiler
    let box: AdminBox
    let transport: TransportProtocol
    let name: String
    let action: AdminRules.Action
    let local: String

    /// A child for each pod that may receive.
    func add(_ cell: inout Cell) {
        guard let peers = box.peer.pods else { return }
        let receivers =
            compiler.traffic == .ingress ? box.subject.group(only: [PodPort.isLocal], &cell) : peers.group(&cell)
        cell.each(receivers, run: self)
    }

    func run(_ pod: PodPort, _ cell: inout Cell) throws(Rejection) {
        let ports = cell.get(Pod.self, pod.namespace, pod.name)?.containers.flatMap(\.ports) ?? []
        let numbers = Set(ports.filter { $0.name == name && $0.transport == transport }.map(\.number))
        for number in numbers.sorted() {
            let own = AdminPorts(ranges: [transport: PortRanges([number...number])], others: false)
                .intersection(box.ports)
            guard !own.isEmpty else { continue }
            let local = "\(local)/\(pod.namespace)/\(pod.name)/\(number)"
            if compiler.traffic == .ingress {
                let peers = compiler.matches(box.peer, &cell)
                guard !peers.isEmpty else { continue }
                let name = RowName.hashed("AdminSubject:\(pod.namespace)/\(pod.name)")
                let group = cell.add(PortGroup(key: .fixed(name), name: name))
                cell.add(RowRef<LogicalSwitchPort>(fixed: pod.logicalPort), to: group.ports)
                compiler.add(group, peers, local, action, own, &cell)
            } else {
                // A Pass above may have taken some out.
                let left = pod.addresses.map(\.address).filter { address in
                    box.peer.networks?.contains { $0.contains(address) } ?? true
                }
                let addresses = Addresses(left)
                let peers = Match.addresses(.destination, in: addresses, compiler.families)
                guard !peers.isEmpty, let group = compiler.subjects(box.subject, &cell) else { continue }
                compiler.add(group, peers, local, action, own, &cell)
            }
        }
    }
}
