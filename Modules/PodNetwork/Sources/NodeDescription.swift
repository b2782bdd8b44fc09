import Core
import Model
import Vocabulary

/// What a node's annotations say of it becomes a `NodeNetwork`; what the local node knows of itself is annotated.
enum NodeDescription {
    static func handle(_ node: Node, _ cell: inout Cell) throws(Rejection) {
        guard let cluster = cell.cluster(), let local = cell.localNode() else { return }
        let isLocal = local.nodeName == node.name
        if isLocal { describe(local, node, cluster, &cell) }
        guard let id = try node.annotations.annotation(NodeID.self),
            let subnets = try node.annotations.annotation(NodeSubnets.self),
            let transit = try node.annotations.annotation(TransitAddresses.self)
        else { return }
        let chassis = isLocal ? EngineSettings.chassisID(node, &cell) : node.annotations[ChassisID.key]
        let ends =
            isLocal
            ? EngineSettings.encapsulationAddresses(local, node, &cell)
            : try node.annotations.annotation(EncapsulationAddresses.self)?.addresses
        guard let chassis, let ends else { return }
        guard NodeID.range.contains(id.number) else {
            throw Rejection("BadAnnotation", field: NodeID.field, "\(id.number) is not a node id from 2 to 5000")
        }
        cell.publish(
            NodeNetwork(
                name: node.name, isLocal: isLocal, nodeID: id.number,
                subnets: try complete(subnets.subnets, node, cluster),
                transit: cluster.families.compactMap { transit.addresses[$0] },
                join: cluster.families.compactMap { cluster.joinAddress(of: id, $0) }, chassisID: chassis,
                encapsulationAddresses: ends))
    }

    /// One subnet per family of the cluster, in its order; fewer would be half a network.
    private static func complete(
        _ subnets: [IPNetwork], _ node: Node, _ cluster: ClusterNetwork
    ) throws(Rejection) -> [IPNetwork] {
        let chosen = cluster.families.compactMap { family in subnets.first { $0.family == family } }
        guard chosen.count == cluster.families.count else {
            func have(_ family: Family) -> String {
                let name = family == .v4 ? "v4" : "v6"
                let has = subnets.contains { $0.family == family }
                return "expected \(name) \(cluster.families.contains(family)) have \(has)"
            }
            throw Rejection(
                "MissingSubnet", field: NodeSubnets.field,
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
            ChassisID.key: EngineSettings.chassisID(node, &cell),
            HostCIDRs.key: HostCIDRs(own).text,
            ZoneName.key: node.name,
            MasqueradeSubnets.key: MasqueradeSubnets(cluster.masqueradeSubnets).text,
        ]
        if local.gateway.disablePacketMTUCheck { annotations[AnnotationKey.gatewayMTUSupport] = "false" }
        let ends = EngineSettings.encapsulationAddresses(local, node, &cell)
        if !ends.isEmpty { annotations[EncapsulationAddresses.key] = EncapsulationAddresses(ends).text }
        let primary = ByFamily { family in
            node.internalAddresses.first { $0.family == family }
                .flatMap { address in own.first { $0.address == address } }
        }
        if !primary.isEmpty { annotations[PrimaryAddresses.key] = PrimaryAddresses(primary).text }
        cell.add(ObjectStatus(node.id, annotations: annotations))
    }
}
