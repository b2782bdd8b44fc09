import Core
import Model
import Vocabulary

/// Peers on the nodes' own network, as OVN-Kubernetes' users know them: by address.
enum HostPeers {
    /// All nodes, when the namespace that stands for them is meant: whom their packets come from.
    static func nodes(
        _ namespaces: LabelSelector, _ settings: PolicySettings, _ families: [Family], _ cell: inout Cell
    ) -> Addresses {
        guard let name = settings.hostNetworkNamespace, let namespace = cell.get(Namespace.self, "", name),
            namespaces.matches(namespace.labels)
        else { return Addresses() }
        var all = Addresses()
        let nodes = cell.group(of: NodeNetwork.self)
        for family in families {
            let name = "host_network_v\(family.rawValue)"
            let set = cell.add(
                AddressSet(key: .fixed(name), externalIDs: ["k8s.ovn.org/owner-type": "HostNetwork"], name: name))
            switch family {
            case .v4: cell.fill(SetColumn(set.row, set.addresses.index), from: nodes, NodeSourceV4.self)
            case .v6: cell.fill(SetColumn(set.row, set.addresses.index), from: nodes, NodeSourceV6.self)
            }
            all.formUnion(Addresses(set, family))
        }
        return all
    }

    /// Pods on the host's network have their node's addresses.
    static func pods(_ pods: Group<Pod>, _ families: [Family], _ cell: inout Cell) -> Addresses {
        guard cell.any(pods) else { return Addresses() }
        var all = Addresses()
        for family in families {
            let name = RowName.hashed("HostPods|\(pods.name)|v\(family.rawValue)")
            let set = cell.add(
                AddressSet(key: .fixed(name), externalIDs: ["k8s.ovn.org/owner-type": "HostPods"], name: name))
            cell.each(pods, run: HostPod(set: name, family: family))
            all.formUnion(Addresses(set, family))
        }
        return all
    }
}

private struct HostPod: Child {
    let set: String
    let family: Family

    func run(_ pod: Pod, _ cell: inout Cell) throws(Rejection) {
        guard !pod.isCompleted, let node = cell.get(Node.self, pod.nodeName) else { return }
        let addresses = node.internalAddresses.filter { $0.family == family }
        cell.add(
            AddressSet(
                key: .fixed(set), addresses: addresses.map(\.description),
                externalIDs: ["k8s.ovn.org/owner-type": "HostPods"], name: set))
    }
}

private enum NodeSourceV4: Facet {
    static func values(of node: NodeNetwork) -> [IPAddress] { node.sources(.v4) }
}

private enum NodeSourceV6: Facet {
    static func values(of node: NodeNetwork) -> [IPAddress] { node.sources(.v6) }
}

extension NodeNetwork {
    /// The management port's address, and the gateway router's towards the other routers.
    fileprivate func sources(_ family: Family) -> [IPAddress] {
        [management(family), join(family)?.address].compactMap { $0 }
    }
}
