import Core
import Model
import Vocabulary

/// Open vSwitch's userspace datapath does not see SCTP's ports when it tracks connections, so who names SCTP is told.
enum UntrackedPorts {
    private static let event = ObjectEvent(
        .warning, reason: "SCTPPortsNotTracked",
        message: "SCTP ports are not told apart by this datapath once there is an association: "
            + "all SCTP between two addresses, in both directions, is one connection")

    static func tell(about policy: ObjectID, _ ports: [NetworkPolicy.Port], _ cell: inout Cell) {
        guard ports.contains(where: { $0.transport == .sctp }), cell.localNode()?.datapath == .netdev else { return }
        cell.add(ObjectStatus(policy, events: [event]))
    }
}
