import Core
import Model
import Vocabulary

/// Turns the peers of a rule into addresses, with the address sets that hold them.
struct PeerResolver {
    let namespace: String
    let cluster: ClusterNetwork

    func resolve(_ peers: [NetworkPolicy.Peer]?, _ cell: inout Cell) -> Peers {
        guard let peers else { return .everybody }
        var all = Addresses()
        for peer in peers { all.formUnion(addresses(of: peer, &cell)) }
        return .some(all)
    }

    private func addresses(of peer: NetworkPolicy.Peer, _ cell: inout Cell) -> Addresses {
        switch peer {
        case .block(let network, let except):
            return cell.addresses(of: network.subtracting(except), cluster.families)
        case .pods(.everything?, let pods) where pods ?? .everything == .everything:
            // All pods of the cluster: its own ranges say so, and no pod that comes or goes changes them.
            return Addresses(cluster.clusterSubnets.map(\.network))
        case .pods(let namespaces, let pods):
            return cell.addresses(of: group(namespaces, pods ?? .everything, &cell), cluster.families)
        }
    }

    func group(_ namespaces: LabelSelector?, _ pods: LabelSelector, _ cell: inout Cell) -> Group<PodPort> {
        let scope: Scope =
            switch namespaces {
            case nil: .namespace(namespace)
            case .everything?: .everywhere
            case let selector?: .namespaces(selector)
            }
        return cell.group(of: PodPort.self, in: scope, matching: pods)
    }
}
