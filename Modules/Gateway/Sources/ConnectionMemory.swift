import Core
import Model
import Vocabulary

/// How long the switch remembers connections that are over.
///
/// The gateway router gives all clients of a service one address and lets them keep their ports. A server remembers
/// such a pair for a minute after the connection, the userspace datapath by itself for half of that. In between, a
/// second client with the port of the first would get an answer to the first one's connection, and never one of its
/// own. So the switch remembers longer than servers do, as the kernel does, and gives the second client another port.
enum ConnectionMemory {
    private static let seconds = 120
    /// Where the gateway router's translations are.
    static let zone = 0

    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        guard let local = cell.localNode(), local.datapath == .netdev else { return }
        let timeouts = cell.add(
            ConntrackTimeouts(
                key: .fixed("gateway"), timeouts: ["tcp_close": Self.seconds, "tcp_time_wait": Self.seconds]))
        let zone = cell.add(ConntrackZone(key: .fixed("gateway"), timeoutPolicy: timeouts))
        cell.amend(SwitchDatapath(key: .fixed(local.datapath.rawValue), ctZones: [Self.zone: zone]))
    }
}
