import Core
import Model
import Vocabulary

/// The hosts at the other ends of the tunnels, kept known.
///
/// The userspace datapath drops what it should send by a tunnel while it does not know the neighbour that the tunnel
/// leads to, and a connection whose first packet is dropped behind a translation is lost for good. It learns neighbours
/// from the answers that pass its bridge, and forgets them after 15 minutes; so the host keeps asking.
enum TunnelNeighbours {
    static func handle(_ node: NodeNetwork, _ cell: inout Cell) throws(Rejection) {
        guard !node.isLocal, cell.localNode()?.datapath == .netdev, let gateway = cell.get(NodeGateway.self, "", ".")
        else { return }
        for end in node.encapsulationAddresses {
            let isNear = gateway.addresses.contains { $0.contains(end) }
            guard let hop = isNear ? end : gateway.nextHop(end.family) else { continue }
            cell.add(HostNeighbour(device: gateway.bridge, address: hop, mac: nil))
        }
    }
}
