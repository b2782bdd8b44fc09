import Core
import Model
import Vocabulary

/// Says which policies isolate a pod, and what each lets through.
enum Explanation {
    static func handle(_ pod: Pod, _ cell: inout Cell) throws(Rejection) -> Description {
        guard let port = cell.get(PodPort.self, pod.namespace, pod.name) else {
            return Description("no policy applies: it has no port of its own")
        }
        let policies = cell.list(cell.group(of: NetworkPolicy.self, in: .namespace(pod.namespace)))
            .filter { $0.subject.matches(port.labels) }.sorted { $0.name < $1.name }
        var description = Description()
        var sheet = Description.Sheet("POLICIES", "DIRECTION", "POLICY", "LETS THROUGH")
        for traffic in Traffic.allCases {
            addAdmin(traffic, port, &sheet, &cell)
            let isolating = policies.filter { $0.isolates(traffic) }
            let word = word(traffic)
            description.headline.append(
                isolating.isEmpty ? "\(word): open" : "\(word): isolated, but for what is listed")
            for policy in isolating {
                let rules = policy.rules(traffic)
                if rules.isEmpty { sheet.add(word, policy.id.description, "nothing") }
                for rule in rules { sheet.add(word, policy.id.description, words(rule, traffic)) }
            }
            addBaseline(traffic, port, &sheet, isHidden: !isolating.isEmpty, &cell)
        }
        if !sheet.rows.isEmpty { description.sheets = [sheet] }
        return description
    }

    static func handle(_ policy: NetworkPolicy, _ cell: inout Cell) throws(Rejection) -> Description {
        let subjects = cell.group(
            of: PodPort.self, in: .namespace(policy.namespace), matching: policy.subject, only: [PodPort.isLocal])
        let local = cell.list(subjects).map(\.name).sorted()
        var description = Description(
            "about \(policy.subject.words.isEmpty ? "all pods" : policy.subject.words)",
            local.isEmpty ? "none of them here" : "here: \(local.joined(separator: " "))")
        var sheet = Description.Sheet("RULES", "DIRECTION", "LETS THROUGH")
        for traffic in Traffic.allCases where policy.isolates(traffic) {
            let rules = policy.rules(traffic)
            let word = word(traffic)
            if rules.isEmpty { sheet.add(word, "nothing") }
            for rule in rules { sheet.add(word, words(rule, traffic)) }
        }
        description.sheets = [sheet]
        return description
    }

    static func handle(_ policy: AdminNetworkPolicy, _ cell: inout Cell) throws(Rejection) -> Description {
        describe(policy.rules, ["priority \(policy.priority)"], &cell)
    }

    static func handle(_ policy: BaselineAdminNetworkPolicy, _ cell: inout Cell) throws(Rejection) -> Description {
        describe(policy.rules, ["for pods that no policy of their namespace isolates"], &cell)
    }

    // MARK: administrators' policies

    private static func describe(_ rules: AdminRules, _ first: [String], _ cell: inout Cell) -> Description {
        let local = cell.list(rules.subject.group(only: [PodPort.isLocal], &cell))
            .map { "\($0.namespace)/\($0.name)" }.sorted()
        var description = Description()
        description.headline =
            first + [
                "about \(rules.subject.words)",
                local.isEmpty ? "none of them here" : "here: \(local.joined(separator: " "))",
            ]
        if !cell.settings(PolicySettings.self).hasAdminPolicies {
            description.notes = ["administrators' policies are switched off"]
        }
        var sheet = Description.Sheet("RULES", "DIRECTION", "RULE", "WHAT")
        for traffic in Traffic.allCases {
            for (index, rule) in rules[traffic].enumerated() {
                sheet.add(word(traffic), rule.name.isEmpty ? "\(index)" : rule.name, words(rule, traffic))
            }
        }
        if !sheet.rows.isEmpty { description.sheets = [sheet] }
        return description
    }

    private static func addAdmin(
        _ traffic: Traffic, _ port: PodPort, _ sheet: inout Description.Sheet, _ cell: inout Cell
    ) {
        guard cell.settings(PolicySettings.self).hasAdminPolicies else { return }
        let policies = cell.list(cell.group(of: AdminNetworkPolicy.self)).sorted {
            ($0.priority, $0.name) < ($1.priority, $1.name)
        }
        for policy in policies where applies(policy.rules, to: port, &cell) {
            for rule in policy.rules[traffic] { add(rule, of: policy.id, traffic, &sheet) }
        }
    }

    private static func addBaseline(
        _ traffic: Traffic, _ port: PodPort, _ sheet: inout Description.Sheet, isHidden: Bool, _ cell: inout Cell
    ) {
        // Who is isolated by a policy of the namespace never comes to the baseline.
        if isHidden || !cell.settings(PolicySettings.self).hasAdminPolicies { return }
        for policy in cell.list(cell.group(of: BaselineAdminNetworkPolicy.self))
        where applies(policy.rules, to: port, &cell) {
            for rule in policy.rules[traffic] { add(rule, of: policy.id, traffic, &sheet) }
        }
    }

    private static func applies(_ rules: AdminRules, to port: PodPort, _ cell: inout Cell) -> Bool {
        guard rules.subject.pods.matches(port.labels) else { return false }
        let labels = cell.get(Namespace.self, port.namespace)?.labels ?? [:]
        return rules.subject.namespaces.matches(labels)
    }

    private static func add(
        _ rule: AdminRules.Rule, of policy: ObjectID, _ traffic: Traffic, _ sheet: inout Description.Sheet
    ) {
        sheet.add(word(traffic), policy.description, words(rule, traffic))
    }

    // MARK: words

    private static func word(_ traffic: Traffic) -> String { traffic == .ingress ? "in" : "out" }

    private static func words(_ rule: AdminRules.Rule, _ traffic: Traffic) -> String {
        let peers = rule.peers.map(\.words).joined(separator: "; ")
        let ports = (rule.ports ?? []).map(\.words).joined(separator: " ")
        let side = traffic == .ingress ? "from" : "to"
        return "\(rule.action.rawValue) \(ports.isEmpty ? "everything" : ports) \(side) \(peers)"
    }

    private static func words(_ rule: NetworkPolicy.Rule, _ traffic: Traffic) -> String {
        let ports = rule.ports.map { list in
            list.isEmpty ? "nothing" : list.map(\.words).joined(separator: " ")
        }
        let peers = rule.peers.map { list in
            list.isEmpty ? "nobody" : list.map(\.words).joined(separator: "; ")
        }
        return "\(ports ?? "everything") \(traffic == .ingress ? "from" : "to") \(peers ?? "everybody")"
    }
}

extension NetworkPolicy {
    func isolates(_ traffic: Traffic) -> Bool { traffic == .ingress ? isolatesIngress : isolatesEgress }
    func rules(_ traffic: Traffic) -> [Rule] { traffic == .ingress ? ingress : egress }
}

extension NetworkPolicy.Port {
    /// `tcp/80-90`, `udp`, `tcp/web`.
    fileprivate var words: String {
        let word = transport.rawValue.lowercased()
        return switch number {
        case .all: word
        case .range(let range):
            "\(word)/\(range.lowerBound)\(range.count > 1 ? "-\(range.upperBound)" : "")"
        case .named(let name): "\(word)/\(name)"
        }
    }
}

extension NetworkPolicy.Peer {
    fileprivate var words: String {
        switch self {
        case .block(let network, let except):
            return "\(network)" + (except.isEmpty ? "" : " except \(except.map(\.description).joined(separator: " "))")
        case .pods(let namespaces, let pods):
            let who = pods?.words ?? ""
            let of = namespaces.map { $0.words.isEmpty ? "all namespaces" : "namespaces \($0.words)" }
            return "\(who.isEmpty ? "all pods" : "pods \(who)") of \(of ?? "the namespace")"
        }
    }
}

extension AdminRules.Peer {
    fileprivate var words: String {
        switch self {
        case .pods(let pods): return pods.words
        case .nodes(let selector):
            return selector.words.isEmpty ? "all nodes" : "nodes \(selector.words)"
        case .networks(let networks): return networks.map(\.description).joined(separator: " ")
        }
    }
}

extension AdminRules.Pods {
    fileprivate var words: String {
        let (who, of) = (pods.words, namespaces.words)
        return "\(who.isEmpty ? "all pods" : "pods \(who)") of "
            + (of.isEmpty ? "all namespaces" : "namespaces \(of)")
    }
}

extension LabelSelector {
    /// As `kubectl` takes it: `app=db,tier in (a,b),!old`.
    fileprivate var words: String {
        requirements.map { requirement in
            let key = requirement.key
            let list = requirement.values.sorted().joined(separator: ",")
            return switch requirement.operator {
            case .in: requirement.values.count == 1 ? "\(key)=\(list)" : "\(key) in (\(list))"
            case .notIn: requirement.values.count == 1 ? "\(key)!=\(list)" : "\(key) notin (\(list))"
            case .exists: key
            case .doesNotExist: "!\(key)"
            }
        }.joined(separator: ",")
    }
}
