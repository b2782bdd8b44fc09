import Core
import Model
import Vocabulary

/// What ovn-controller must know of this node: who it is, where its databases are, how it tunnels.
enum EngineSettings {
    static func handle(_ local: LocalNode, _ cell: inout Cell) throws(Rejection) {
        guard let node = cell.get(Node.self, "", local.nodeName) else { return }
        var settings = [
            "hostname": local.nodeName,
            "ovn-bridge": Topology.integrationBridge,
            "ovn-bridge-datapath-type": local.datapath.rawValue,
            "ovn-enable-lflow-cache": "true",
            "ovn-encap-type": "geneve",
            "ovn-is-interconn": "true",
            "ovn-monitor-all": "true",
            "ovn-openflow-probe-interval": "0",
            "ovn-remote": local.southboundRemote,
            "ovn-remote-probe-interval": "100000",
            "ovn-set-local-ip": "true",
            "system-id": chassisID(node, &cell),
        ]
        guard let encapsulation = encapsulationAddress(local, node, &cell) else { return }
        settings["ovn-encap-ip"] = encapsulation.description
        let system = cell.add(OpenVSwitch(key: .fixed("."), externalIDs: settings))
        cell.add(
            Bridge(
                key: .fixed(Topology.integrationBridge), datapathType: local.datapath.rawValue, failMode: .secure,
                name: Topology.integrationBridge, otherConfig: ["disable-in-band": "true"]),
            to: system.bridges)
    }

    /// Set once and never changed: what Open vSwitch calls itself, else what the node's annotation says, else the
    /// node's name.
    static func chassisID(_ node: Node, _ cell: inout Cell) -> String {
        let system = cell.get(OVSSystem.self, "", ".")?.systemID ?? ""
        return system.isEmpty ? node.annotations[Annotation.chassisID] ?? node.name : system
    }

    /// The configured address, else the node's first one of the primary family.
    static func encapsulationAddress(_ local: LocalNode, _ node: Node, _ cell: inout Cell) -> IPAddress? {
        if let address = local.encapsulationAddress { return address }
        let primary = cell.get(ClusterNetwork.self, "", ClusterNetwork.name)?.families.first
        return node.addresses.first { $0.family == primary } ?? node.addresses.first
    }
}
