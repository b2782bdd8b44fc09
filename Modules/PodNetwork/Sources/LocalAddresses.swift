import Core
import Model
import Vocabulary

/// The addresses of the node itself, as the kernel has them.
enum LocalAddresses {
    /// Without those that are ours (management port, masquerade), link-local ones, and loopback.
    static func networks(_ cell: inout Cell) -> [IPNetwork] {
        let ours = cell.cluster()?.masqueradeSubnets.values ?? []
        return cell.list(cell.group(of: LinkAddress.self))
            .filter { $0.device != Topology.managementDevice && $0.device != "lo" }
            .map(\.address)
            .filter { network in
                !network.address.isLinkLocal && !network.address.isLoopback
                    && !ours.contains { $0.contains(network.address) }
            }
    }

    static func of(_ family: Family, _ cell: inout Cell) -> [IPAddress] {
        Set(networks(&cell).map(\.address).filter { $0.family == family }).sorted()
    }
}
