import Core
import Model
import Vocabulary

/// The addresses of a virtual machine: those of the node where it began, wherever it has gone since.
enum GuestAddressing {
    /// What a pod had before, or takes over from the pod in which its machine runs.
    static func assignment(
        _ pod: Pod, _ annotated: PodNetworkAssignment?, _ cell: inout Cell
    ) throws(Rejection) -> PodNetworkAssignment? {
        guard annotated == nil, pod.guest != nil else { return annotated }
        for other in cell.launchers(of: pod) where other.id != pod.id {
            // What cannot be read is told at its own pod.
            if let assignment = (try? other.annotations.annotation(PodNetworks.self))?.default { return assignment }
        }
        return nil
    }

    /// Only the first pod of a machine is given something new; the others wait for that.
    static func mayChoose(_ pod: Pod, _ assignment: PodNetworkAssignment?, _ cell: inout Cell) -> Bool {
        guard pod.guest != nil, assignment == nil else { return true }
        return cell.isReached(pod)
    }

    /// The address of another node's subnet that a machine has brought along.
    static func foreign(
        _ pod: Pod, _ assignment: PodNetworkAssignment?, _ subnet: IPNetwork, _ cluster: ClusterNetwork
    ) -> IPNetwork? {
        guard pod.guest != nil else { return nil }
        return assignment?.addresses.first { address in
            address.family == subnet.family && !subnet.contains(address.address)
                && cluster.clusterSubnets.contains { $0.network.contains(address.address) }
        }
    }

    /// Keeps a machine's address from other pods of the node whose subnet it is of, while the machine is elsewhere.
    static func hold(_ pod: Pod, _ assignment: PodNetworkAssignment, _ local: LocalNode, _ cell: inout Cell) {
        guard pod.guest != nil, let home = cell.get(NodeNetwork.self, "", local.nodeName) else { return }
        for subnet in home.subnets {
            guard let offset = assignment.offset(in: subnet) else { continue }
            _ = try? cell.allocate(from: PodAddressing.pool(of: subnet), for: pod.holder, preferring: offset)
        }
    }
}

extension Pod {
    /// Who holds addresses: a machine for all its pods, else the pod. A machine's name here is no pod's.
    var holder: String {
        guest.map { "\(namespace)/\($0.machine) (virtual machine)" } ?? "\(namespace)/\(name)"
    }
}

extension PodNetworkAssignment {
    /// Where in a node's subnet the pod's address lies; nil when none does.
    func offset(in subnet: IPNetwork) -> Int? {
        addresses.first { subnet.contains($0.address) }
            .map { Int(truncatingIfNeeded: $0.address.number - subnet.base.number) }
    }
}
