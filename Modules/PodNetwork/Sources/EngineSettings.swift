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
            "ovn-enable-lflow-cache": String(local.controller.logicalFlowCache),
            "ovn-encap-type": "geneve",
            "ovn-is-interconn": "true",
            "ovn-monitor-all": String(local.controller.monitorAll),
            "ovn-openflow-probe-interval": String(local.controller.openflowProbe),
            "ovn-remote": local.controller.southbound,
            "ovn-remote-probe-interval": String(local.controller.inactivityProbe),
            "ovn-set-local-ip": "true",
            "system-id": chassisID(node, &cell),
        ]
        let ends = encapsulationAddresses(local, node, &cell)
        guard !ends.isEmpty else { return }
        try checkLocal(local.encapsulationAddresses, &cell)
        settings["ovn-encap-ip"] = ends.map(\.description).joined(separator: ",")
        var row = OpenVSwitch(key: .fixed("."), externalIDs: settings)
        if local.datapath == .netdev {
            row.datapaths = [local.datapath.rawValue: cell.add(userspaceDatapath(local))]
        }
        let system = cell.add(row)
        cell.add(
            Bridge(
                key: .fixed(Topology.integrationBridge), datapathType: local.datapath.rawValue, failMode: .secure,
                name: Topology.integrationBridge, otherConfig: ["disable-in-band": "true"]),
            to: system.bridges)
    }

    /// Where the datapath can do it, ovn-controller commits plain connections with a translation to the address that
    /// they have. The userspace datapath of 3.1 keeps such a connection twice under one hash; when its table grows, the
    /// wrong one may be found first, and the switch aborts. So it is said not to.
    private static func userspaceDatapath(_ local: LocalNode) -> SwitchDatapath {
        SwitchDatapath(key: .fixed(local.datapath.rawValue), capabilities: ["ct_zero_snat": "false"])
    }

    /// Set once and never changed: what Open vSwitch calls itself, else what the node's annotation says, else the
    /// node's name.
    static func chassisID(_ node: Node, _ cell: inout Cell) -> String {
        let system = cell.get(OVSSystem.self, "", ".")?.systemID ?? ""
        return system.isEmpty ? node.annotations[ChassisID.key] ?? node.name : system
    }

    /// A tunnel from an address that the node does not have would silently carry nothing.
    private static func checkLocal(_ ends: [IPAddress], _ cell: inout Cell) throws(Rejection) {
        guard !ends.isEmpty else { return }
        let own = Set(cell.list(cell.group(of: LinkAddress.self)).map(\.address.address))
        if let wrong = ends.first(where: { !own.contains($0) }) {
            throw Rejection(
                "NoSuchAddress", field: "default.encap-ip",
                "\(wrong) is no address of this node: name one that it has, or leave encap-ip empty to take its primary "
                    + "address")
        }
    }

    /// The configured addresses, else the node's first one of the primary family.
    static func encapsulationAddresses(_ local: LocalNode, _ node: Node, _ cell: inout Cell) -> [IPAddress] {
        guard local.encapsulationAddresses.isEmpty else { return local.encapsulationAddresses }
        let primary = cell.cluster()?.primaryFamily
        let own = node.internalAddresses
        return (own.first { $0.family == primary } ?? own.first).map { [$0] } ?? []
    }
}
