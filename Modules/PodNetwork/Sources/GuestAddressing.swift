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
        guard pod.guest != nil, assignment == nil, !cell.isReached(pod) else { return true }
        let first = cell.launchers(of: pod).first?.name ?? ""
        cell.report(
            Rejection("WaitsForMachine", "waits for the addresses of pod \(first), in which its virtual machine is"))
        return false
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

    /// Keeps a machine's addresses from other pods of the node whose subnet they are of, while the machine is elsewhere.
    /// False when another pod has one of them, which then keeps it: whoever wrote that annotation was wrong.
    static func holds(
        _ pod: Pod, _ assignment: PodNetworkAssignment, _ local: LocalNode, _ cell: inout Cell
    ) -> Bool {
        guard pod.guest != nil, let home = cell.get(NodeNetwork.self, "", local.nodeName) else { return true }
        for subnet in home.subnets {
            let pool = PodAddressing.pool(of: subnet)
            guard let offset = assignment.offset(in: subnet), pool.range.contains(offset) else { continue }
            let given = (try? cell.allocate(from: pool, for: pod.holder, preferring: offset)) ?? offset
            guard given != offset else { continue }
            cell.report(
                Rejection(
                    "AddressInUse", field: PodNetworks.field,
                    "\(subnet[offset]) is another pod's of node \(home.name), where nothing leads to this pod: do not copy "
                        + "this annotation from another pod"))
            return false
        }
        return true
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
