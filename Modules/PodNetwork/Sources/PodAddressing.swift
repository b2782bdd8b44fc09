import Core
import Model
import Vocabulary

/// A pod's addresses and its logical port. The node that runs the pod gives them out and annotates the pod; every other
/// node reads the annotation.
enum PodAddressing {
    static func handle(_ pod: Pod, _ cell: inout Cell) throws(Rejection) {
        guard !pod.hostNetwork, !pod.isCompleted, !pod.nodeName.isEmpty,
            let cluster = cell.cluster(),
            let local = cell.localNode()
        else { return }
        let annotated = try pod.annotations.annotation(PodNetworks.self)?.default
        guard pod.nodeName == local.nodeName else {
            if let annotated { cell.publish(port(of: pod, annotated, isLocal: false)) }
            return
        }
        // A value that makes no sense stops the pod here, before it has a network.
        _ = try Bandwidth(pod)
        let requested = try RequestedNetwork(pod)
        guard let node = cell.get(NodeNetwork.self, "", pod.nodeName),
            let addresses = try addresses(of: pod, annotated, requested, node, &cell)
        else { return }
        let network = network(of: pod, addresses, requested, node, cluster)
        let port = port(of: pod, network, isLocal: true)
        cell.publish(port)
        cell.add(ObjectStatus(pod.id, PodNetworks(network)))
        logicalPort(port, node, &cell)
    }

    /// One address per family, from the node's subnets. An annotated one is kept for the life of the pod.
    private static func addresses(
        of pod: Pod, _ annotated: PodNetworkAssignment?, _ requested: RequestedNetwork, _ node: NodeNetwork,
        _ cell: inout Cell
    ) throws(Rejection) -> [IPNetwork]? {
        var addresses: [IPNetwork] = []
        for subnet in node.subnets {
            let pool = Self.pool(of: subnet, in: node)
            let wanted = try annotated == nil ? requested.offset(in: subnet, of: pool.range) : nil
            let hint = annotated?.addresses.first { subnet.contains($0.address) }
                .map { Int(truncatingIfNeeded: $0.address.number - subnet.base.number) }
            guard let offset = try offset(in: subnet, of: pool, wanted, hint, pod, node, &cell) else { return nil }
            addresses.append(subnet.interface(subnet[offset]))
        }
        return addresses
    }

    private static func offset(
        in subnet: IPNetwork, of pool: Pool, _ wanted: Int?, _ hint: Int?, _ pod: Pod, _ node: NodeNetwork,
        _ cell: inout Cell
    ) throws(Rejection) -> Int? {
        let key = "\(pod.namespace)/\(pod.name)"
        if let wanted {
            switch cell.claim(wanted, of: pool, for: key) {
            case .waiting: return nil
            case .given(let offset): return offset
            case .taken(let other):
                throw Rejection(
                    "AddressInUse", field: RequestedNetwork.field,
                    "\(subnet[wanted]) is the address of pod \(other), which \(key) cannot have too: choose another, "
                        + "or delete pod \(other)")
            }
        }
        do { return try cell.allocate(from: pool, for: key, preferring: hint) } catch {
            throw Rejection(
                "SubnetFull",
                "node \(node.name) has no free address in \(subnet) for \(key): all \(pool.range.count) are in use; "
                    + "delete a pod of this node or move this one")
        }
    }

    /// The addresses after the gateway's and the node's own; in IPv4 without the broadcast address. In a dual-stack
    /// subnet both families offer as many, so that a pod's two addresses usually end alike.
    private static func pool(of subnet: IPNetwork, in node: NodeNetwork) -> Pool {
        let sizes = node.subnets.map { $0.family == .v4 ? $0.count - 2 : min($0.count - 1, 65_534) }
        let last = subnet.family == .v4 ? subnet.count - 2 : min(subnet.count - 1, max(sizes.min() ?? 3, 3))
        return Pool("pod-addresses/\(subnet)", 3...max(last, 3))
    }

    private static func network(
        of pod: Pod, _ addresses: [IPNetwork], _ requested: RequestedNetwork, _ node: NodeNetwork,
        _ cluster: ClusterNetwork
    ) -> PodNetworkAssignment {
        PodNetworkAssignment(
            addresses: addresses, mac: requested.mac ?? addresses.map(\.address).derivedMAC ?? MACAddress(number: 0),
            gateways: addresses.map(\.family).filter { !requested.elsewhere.contains($0) }.compactMap { family in
                requested.gateways.first { $0.family == family } ?? node.gateway(family)
            }, routes: routes(addresses, node, cluster), role: "primary")
    }

    /// What stays on the cluster's network though a default route should lead elsewhere.
    static func routes(
        _ addresses: [IPNetwork], _ node: NodeNetwork, _ cluster: ClusterNetwork
    ) -> [PodNetworkAssignment.Route] {
        var routes: [PodNetworkAssignment.Route] = []
        for address in addresses {
            guard let gateway = node.gateway(address.family) else { continue }
            let family = address.family
            let targets =
                cluster.clusterSubnets.map(\.network).filter { $0.family == family }
                + cluster.serviceNetworks.filter { $0.family == family }
                + [cluster.masquerade(.hairpin, family).map(IPNetwork.init(host:)), cluster.joinSubnets[family]]
                .compactMap(\.self)
            routes += targets.map { PodNetworkAssignment.Route($0, via: gateway) }
        }
        return routes
    }

    private static func port(of pod: Pod, _ network: PodNetworkAssignment, isLocal: Bool) -> PodPort {
        PodPort(
            namespace: pod.namespace, name: pod.name, labels: pod.labels, uid: pod.uid, node: pod.nodeName,
            isLocal: isLocal, addresses: network.addresses, mac: network.mac, gateways: network.gateways)
    }

    private static func logicalPort(_ port: PodPort, _ node: NodeNetwork, _ cell: inout Cell) {
        let binding = "\(port.mac) \(port.addresses.map(\.address.description).joined(separator: " "))"
        cell.add(
            LogicalSwitchPort(
                key: .fixed(port.logicalPort), addresses: [binding],
                externalIDs: ["namespace": port.namespace, "pod": "true"], name: port.logicalPort,
                options: ["requested-chassis": node.chassisID].merging(port.version) { own, _ in own },
                portSecurity: [binding]),
            to: Topology.localSwitch(node.name).ports)
    }
}
