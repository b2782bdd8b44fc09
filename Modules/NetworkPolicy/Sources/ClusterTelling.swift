import Core
import Model
import Vocabulary

/// What the cluster manager says of policies: what concerns no node more than another, so that not all nodes say it.
enum ClusterTelling {
    static func handle(_ policy: AdminNetworkPolicy, _ cell: inout Cell) throws(Rejection) {
        guard cell.settings(PolicySettings.self).hasAdminPolicies else { return }
        let others = cell.list(cell.group(of: AdminNetworkPolicy.self)).filter {
            $0.priority == policy.priority && $0.name != policy.name
        }
        guard !others.isEmpty else { return }
        let names = others.map(\.name).sorted().joined(separator: ", ")
        cell.report(
            Rejection(
                "ANPWithDuplicatePriority", field: "spec.priority",
                "\(policy.priority) is also that of \(names); the first by name decides"))
    }

    /// Nodes with pods of a policy say what is wrong with it. When there are none, nobody else would.
    static func handle(_ policy: NetworkPolicy, _ cell: inout Cell) throws(Rejection) {
        guard !policy.faults.isEmpty else { return }
        let subjects = cell.group(
            of: Pod.self, in: .namespace(policy.namespace), matching: policy.subject, only: [Pod.isOnPodNetwork])
        guard !cell.any(subjects) else { return }
        for fault in policy.faults { cell.report(fault) }
    }

    /// Every node says of an admin policy how it fares there; what nodes have said that are no more is taken back.
    static func keepZones(_ node: Node, _ cell: inout Cell) throws(Rejection) {
        for kind in [AdminNetworkPolicy.kind, BaselineAdminNetworkPolicy.kind] {
            cell.add(StatusWriters(of: kind, [node.name]))
        }
    }
}
