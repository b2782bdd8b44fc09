import Core
import Model
import Vocabulary

/// What a node's annotations say of it becomes a `NodeNetwork`; what the local node knows of itself is annotated.
enum NodeDescription {
    static func handle(_ node: Node, _ cell: inout Cell) throws(Rejection) {
        guard let cluster = cell.get(ClusterNetwork.self, "", ClusterNetwork.name),
            let local = cell.get(LocalNode.self, "", ".")
        else { return }
        let isLocal = local.nodeName == node.name
        if isLocal { describe(local, node, cluster, &cell) }
        guard let idText = node.annotations[Annotation.nodeID], let subnetText = node.annotations[Annotation.nodeSubnets],
            let transitText = node.annotations[Annotation.transitAddresses]
        else { return }
        let chassis = isLocal ? EngineSettings.chassisID(node, &cell) : node.annotations[Annotation.chassisID]
        let ends =
            isLocal
            ? EngineSettings.encapsulationAddress(local, node, &cell).map { [$0] }
            : try node.annotations[Annotation.encapsulationAddresses]
                .map { try read(Annotation.encapsulationAddresses) { try EncapIPs(text: $0) }($0).addresses }
        guard let chassis, let ends else { return }
        guard let id = Int(idText), NodeAllocation.ids.range.contains(id) else {
            throw Rejection(
                "BadAnnotation", field: field(Annotation.nodeID), "\"\(idText)\" is not a node id from 2 to 5000")
        }
        let subnets = try read(Annotation.nodeSubnets) { try NodeSubnets(text: $0) }(subnetText).subnets
        let transit = try read(Annotation.transitAddresses) { try TransitAddresses(text: $0) }(transitText).addresses
        cell.publish(
            NodeNetwork(
                name: node.name, isLocal: isLocal, nodeID: id, subnets: try complete(subnets, node, cluster),
                transit: transit, join: cluster.families.compactMap { cluster.join($0)?.interface(offset: id) },
                chassisID: chassis, encapsulationAddresses: ends))
    }

    private static func field(_ annotation: String) -> String { "metadata.annotations[\(annotation)]" }

    private static func read<T>(
        _ annotation: String, _ parse: @escaping (String) throws -> T
    ) -> (String) throws(Rejection) -> T {
        { text throws(Rejection) in
            do { return try parse(text) } catch {
                throw Rejection("BadAnnotation", field: field(annotation), "\(error)")
            }
        }
    }

    /// One subnet per family of the cluster, in its order; fewer would be half a network.
    private static func complete(
        _ subnets: [IPNetwork], _ node: Node, _ cluster: ClusterNetwork
    ) throws(Rejection) -> [IPNetwork] {
        let chosen = cluster.families.compactMap { family in subnets.first { $0.family == family } }
        guard chosen.count == cluster.families.count else {
            func have(_ family: Family) -> String {
                "expected \(family) \(cluster.families.contains(family)) have "
                    + "\(subnets.contains { $0.family == family })"
            }
            throw Rejection(
                "MissingSubnet", field: field(Annotation.nodeSubnets),
                "failed to get expected host subnets for node \(node.name); \(have(.v4)), \(have(.v6))")
        }
        return chosen
    }

    /// The local node's part of its own annotations.
    private static func describe(
        _ local: LocalNode, _ node: Node, _ cluster: ClusterNetwork, _ cell: inout Cell
    ) {
        let own = LocalAddresses.networks(&cell)
        var annotations = [
            Annotation.chassisID: EngineSettings.chassisID(node, &cell),
            Annotation.hostCIDRs: HostCIDRs(own).text,
            Annotation.zoneName: node.name,
            Annotation.masqueradeSubnets: MasqueradeSubnets(cluster.masqueradeSubnets).text,
        ]
        if let end = EngineSettings.encapsulationAddress(local, node, &cell) {
            annotations[Annotation.encapsulationAddresses] = EncapIPs([end]).text
        }
        let primary = cluster.families.compactMap { family in
            node.addresses.first { $0.family == family }
                .flatMap { address in own.first { $0.address == address } }
        }
        if !primary.isEmpty { annotations[Annotation.primaryAddresses] = PrimaryAddresses(primary).text }
        cell.add(ObjectStatus(node.id, annotations: annotations))
    }
}
