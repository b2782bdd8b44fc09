import Core
import Model
import Vocabulary

/// How long the switch remembers connections that are over.
///
/// A server remembers such a connection for a minute, the userspace datapath by itself for less. In between, another
/// connection that looks the same to the server gets an answer to the old one, and never one of its own. Two may look
/// the same: the gateway router gives all clients of a service one address and lets them keep their ports; and a
/// client uses one port for two services, which lead to the same server. So the switch remembers longer than servers
/// do, as the kernel does, and gives the second connection another port.
enum ConnectionMemory {
    private static let seconds = 120
    /// Where the gateway router's translations are.
    static let routerZone = 0

    static func handle(_ gateway: NodeGateway, _ cell: inout Cell) throws(Rejection) {
        remember([routerZone], &cell)
    }

    /// Those of the pods' ports among them.
    static func handle(_ bridge: OVSBridge, _ cell: inout Cell) throws(Rejection) {
        if bridge.name == Topology.integrationBridge { remember(bridge.zones, &cell) }
    }

    private static func remember(_ zones: [Int], _ cell: inout Cell) {
        guard let local = cell.localNode(), local.datapath == .netdev, !zones.isEmpty else { return }
        let timeouts = cell.add(
            ConntrackTimeouts(
                key: .fixed("gateway"), timeouts: ["tcp_close": Self.seconds, "tcp_time_wait": Self.seconds]))
        let zone = cell.add(ConntrackZone(key: .fixed("gateway"), timeoutPolicy: timeouts))
        cell.amend(
            SwitchDatapath(
                key: .fixed(local.datapath.rawValue),
                ctZones: Dictionary(zones.map { ($0, zone) }) { first, _ in first }))
    }
}
