import Core
import Model
import Vocabulary

/// The rows of one policy.
enum Policies {
    static func handle(_ policy: NetworkPolicy, _ cell: inout Cell) {
        let subjects = cell.group(
            of: PodPort.self, in: .namespace(policy.namespace), matching: policy.subject, only: [PodPort.isLocal])
        guard cell.any(subjects), let cluster = cell.cluster() else { return }
        for fault in policy.faults { cell.report(fault) }
        UntrackedPorts.tell(
            about: policy.id, Traffic.allCases.flatMap { policy.rules($0).flatMap { $0.ports ?? [] } }, &cell)
        let settings = cell.settings(PolicySettings.self)
        let logging = cell.get(PolicyLogging.self, policy.namespace)
        for traffic in Traffic.allCases {
            guard policy.isolates(traffic) else { continue }
            Isolation(traffic: traffic, namespace: policy.namespace, logging: logging, settings: settings)
                .add(subjects, &cell)
            for (index, rule) in policy.rules(traffic).enumerated() {
                let log = logging?.allow.map {
                    ACLLog(
                        name: "NP:\(policy.namespace):\(policy.name):\(traffic.rawValue):\(index)", severity: $0,
                        rate: settings.logRateLimit)
                }
                let place = "spec.\(traffic == .ingress ? "ingress" : "egress")[\(index)]"
                RuleCompiler(
                    traffic: traffic, namespace: policy.namespace, subjects: subjects, cluster: cluster, log: log,
                    isStateless: policy.isStateless && settings.allowsStateless, settings: settings,
                    policy: policy.id.description, place: place
                ).add(rule, &cell)
            }
        }
    }
}
