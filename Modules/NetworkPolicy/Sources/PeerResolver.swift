import Core
import Model
import Vocabulary

/// Turns the peers of a rule into addresses, with the address sets that hold them.
struct PeerResolver {
    let namespace: String
    let cluster: ClusterNetwork
    let settings: PolicySettings
    /// How many networks were asked for by blocks, in the families in use.
    private(set) var networkCount = 0

    init(namespace: String, cluster: ClusterNetwork, settings: PolicySettings) {
        self.namespace = namespace
        self.cluster = cluster
        self.settings = settings
    }

    mutating func resolve(_ peers: [NetworkPolicy.Peer]?, _ cell: inout Cell) -> Peers {
        guard let peers else { return .everybody }
        var all = Addresses()
        for peer in peers { all.formUnion(addresses(of: peer, &cell)) }
        return .some(all)
    }

    private mutating func addresses(of peer: NetworkPolicy.Peer, _ cell: inout Cell) -> Addresses {
        switch peer {
        case .block(let network, let except):
            let networks = network.subtracting(except)
            if cluster.families.contains(network.family) { networkCount += networks.count }
            return cell.addresses(of: networks, cluster.families)
        case .pods(.everything?, let pods) where pods ?? .everything == .everything && !settings.isStrict:
            // All pods of the cluster: its own ranges say so, and no pod that comes or goes changes them.
            return Addresses(cluster.clusterSubnets.map(\.network)).union(hosts(.everything, pods, &cell))
        case .pods(let namespaces, let pods):
            return cell.addresses(of: group(namespaces, pods ?? .everything, &cell), cluster.families)
                .union(hosts(namespaces, pods, &cell))
        }
    }

    /// Peers on the nodes' own network: the pods there, when pods are selected; the nodes, when it is namespaces.
    private func hosts(
        _ namespaces: LabelSelector?, _ pods: LabelSelector?, _ cell: inout Cell
    ) -> Addresses {
        if let pods {
            let hosts = cell.group(of: Pod.self, in: scope(namespaces), matching: pods, only: [Pod.isOnHostNetwork])
            return HostPeers.pods(hosts, cluster.families, &cell)
        }
        return namespaces.map { HostPeers.nodes($0, settings, cluster.families, &cell) } ?? Addresses()
    }

    func group(_ namespaces: LabelSelector?, _ pods: LabelSelector, _ cell: inout Cell) -> Group<PodPort> {
        cell.group(of: PodPort.self, in: scope(namespaces), matching: pods)
    }

    private func scope(_ namespaces: LabelSelector?) -> Scope {
        switch namespaces {
        case nil: .namespace(namespace)
        case .everything?: .everywhere
        case let selector?: .namespaces(selector)
        }
    }
}
