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
            if let annotated, GuestAddressing.holds(pod, annotated, local, &cell) {
                cell.publish(port(of: pod, annotated, isLocal: false))
            }
            return
        }
        let assigned = try GuestAddressing.assignment(pod, annotated, &cell)
        let requested = try request(of: pod, assigned, &cell)
        guard GuestAddressing.mayChoose(pod, assigned, &cell),
            let node = cell.get(NodeNetwork.self, "", pod.nodeName),
            let addresses = try addresses(of: pod, assigned, requested, node, cluster, &cell),
            let mac = try mac(of: pod, assigned, requested, addresses, &cell)
        else { return }
        let network = network(of: pod, addresses, mac, requested, node, cluster)
        let port = port(of: pod, network, isLocal: true)
        cell.publish(port)
        cell.add(ObjectStatus(pod.id, PodNetworks(network)))
        if let loss = loss(of: assigned, addresses, node) { cell.report(loss) }
        logicalPort(port, node, isReached: cell.isReached(pod), &cell)
    }

    /// What a pod is told whose annotation names addresses that are taken: it was copied from another one.
    private static func loss(
        of annotated: PodNetworkAssignment?, _ addresses: [IPNetwork], _ node: NodeNetwork
    ) -> Rejection? {
        let lost = (annotated?.addresses ?? []).filter { old in
            node.subnets.contains { $0.contains(old.address) } && !addresses.contains { $0.address == old.address }
        }
        guard !lost.isEmpty else { return nil }
        return Rejection(
            "AddressInUse", field: PodNetworks.field,
            "already in use: \(lost.map(\.address.description).joined(separator: ", ")), so this pod gets "
                + addresses.map(\.address.description).joined(separator: ", ")
                + ": do not copy this annotation from another pod")
    }

    /// What the pod asks for. Words that make no sense stop a pod here before it has a network; one that has its
    /// network keeps that.
    private static func request(
        of pod: Pod, _ annotated: PodNetworkAssignment?, _ cell: inout Cell
    ) throws(Rejection) -> RequestedNetwork {
        guard let annotated else {
            _ = try Bandwidth(pod)
            return try RequestedNetwork(pod)
        }
        do { _ = try Bandwidth(pod) } catch { cell.report(error) }
        do { return try RequestedNetwork(pod) } catch {
            cell.report(error)
            return RequestedNetwork(keeping: annotated)
        }
    }

    /// One address per family, from the node's subnets. An annotated one is kept for the life of the pod.
    ///
    /// IPv4 chooses first: its subnets are the small ones, and the pod's IPv6 address then ends alike if it can.
    private static func addresses(
        of pod: Pod, _ annotated: PodNetworkAssignment?, _ requested: RequestedNetwork, _ node: NodeNetwork,
        _ cluster: ClusterNetwork, _ cell: inout Cell
    ) throws(Rejection) -> [IPNetwork]? {
        var addresses = ByFamily<IPNetwork>()
        var alike: Int?
        for subnet in node.subnets.sorted(by: { $0.family < $1.family }) {
            if let foreign = GuestAddressing.foreign(pod, annotated, subnet, cluster) {
                addresses[subnet.family] = foreign
                continue
            }
            let pool = Self.pool(of: subnet)
            let wanted = try annotated == nil ? requested.offset(in: subnet, of: pool.range) : nil
            let hint = annotated?.offset(in: subnet) ?? alike
            guard let offset = try offset(in: subnet, of: pool, wanted, hint, pod, node, &cell) else {
                return nil
            }
            alike = offset
            addresses[subnet.family] = subnet.interface(subnet[offset])
        }
        return node.subnets.compactMap { addresses[$0.family] }
    }

    private static func offset(
        in subnet: IPNetwork, of pool: Pool, _ wanted: Int?, _ hint: Int?, _ pod: Pod, _ node: NodeNetwork,
        _ cell: inout Cell
    ) throws(Rejection) -> Int? {
        let key = pod.holder
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

    /// The addresses after the gateway's and the node's own; in IPv4 without the broadcast address.
    static func pool(of subnet: IPNetwork) -> Pool {
        let last = subnet.family == .v4 ? subnet.count - 2 : min(subnet.count - 1, 65_534)
        return Pool("pod-addresses/\(subnet)", 3...max(last, 3))
    }

    private static let macs = Pool("pod-macs", 0...0xffff_ffff_ffff)

    /// The one that the pod has had with these addresses, the one that it asks for, or the one that its addresses give.
    /// A machine keeps its own.
    private static func mac(
        of pod: Pod, _ annotated: PodNetworkAssignment?, _ requested: RequestedNetwork, _ addresses: [IPNetwork],
        _ cell: inout Cell
    ) throws(Rejection) -> MACAddress? {
        let derived = addresses.map(\.address).derivedMAC ?? MACAddress(number: 0)
        let known = annotated.flatMap { Set($0.addresses) == Set(addresses) ? $0 : nil }
        guard let wanted = requested.mac ?? (pod.guest == nil ? nil : known?.mac) else { return derived }
        let key = pod.holder
        if let annotated = known {
            guard let given = try cell.allocate(from: macs, for: key, preferring: Int(annotated.mac.number)) else {
                return nil
            }
            // Another pod has it: who copied its annotation gets none of what is in it.
            return given == Int(annotated.mac.number) ? annotated.mac : derived
        }
        switch cell.claim(Int(wanted.number), of: macs, for: key) {
        case .waiting: return nil
        case .given: return wanted
        case .taken(let other):
            throw Rejection(
                "MACInUse", field: RequestedNetwork.field,
                "\(wanted) is the MAC of pod \(other), which \(key) cannot have too: choose another, or delete pod "
                    + other)
        }
    }

    private static func network(
        of pod: Pod, _ addresses: [IPNetwork], _ mac: MACAddress, _ requested: RequestedNetwork, _ node: NodeNetwork,
        _ cluster: ClusterNetwork
    ) -> PodNetworkAssignment {
        let isGuest = pod.guest != nil
        return PodNetworkAssignment(
            addresses: addresses, mac: mac,
            gateways: addresses.map(\.family).filter { !requested.elsewhere.contains($0) }.compactMap { family in
                isGuest
                    ? GuestGateway.address(family)
                    : requested.gateways.first { $0.family == family } ?? node.gateway(family)
            }, routes: isGuest ? [] : routes(addresses, node, cluster), role: "primary")
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

    /// While a machine runs in another pod, nothing leads to its addresses here; this pod may only not lie about its own.
    private static func logicalPort(_ port: PodPort, _ node: NodeNetwork, isReached: Bool, _ cell: inout Cell) {
        let binding = "\(port.mac) \(port.addresses.map(\.address.description).joined(separator: " "))"
        cell.add(
            LogicalSwitchPort(
                key: .fixed(port.logicalPort), addresses: isReached ? [binding] : [],
                externalIDs: ["namespace": port.namespace, "pod": "true"], name: port.logicalPort,
                options: ["requested-chassis": node.chassisID].merging(port.version) { own, _ in own },
                portSecurity: [binding]),
            to: Topology.localSwitch(node.name).ports)
    }
}

extension PodNetworks {
    static var field: String {
        FieldPath.member(.member(.root("metadata"), "annotations"), key).description
    }
}
