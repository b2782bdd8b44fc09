import Core
import Model
import OVSDB

/// Brings what the node's Open vSwitch is and has: `OVSSystem`, `OVSBridge`, `OVSInterface`.
public struct VSwitchFeed: Feed {
    public let name = "vswitch"
    private let feed: DatabaseFeed

    /// Has to be made before the database runs.
    public init(_ database: Database) {
        database.monitor("Open_vSwitch", columns: ["external_ids", "ovs_version"])
        database.monitor("Bridge", columns: ["datapath_type", "external_ids", "name", "other_config", "ports"])
        database.monitor("Port", columns: ["name"])
        database.monitor("Interface", columns: ["external_ids", "mac_in_use", "name", "ofport", "type"])
        feed = DatabaseFeed(
            name: name, database: database,
            sources: [
                .init(tables: ["Open_vSwitch"], lane: .bulk) { $0.objects("Open_vSwitch", Self.system) },
                .init(tables: ["Bridge", "Port"], lane: .bulk) { replica in
                    replica.objects("Bridge") { Self.bridge(replica["Port"], $0, $1) }
                },
                // A pod waits for its interface.
                .init(tables: ["Interface"], lane: .attachment) { $0.objects("Interface", Self.interface) },
            ])
    }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async { await feed.run(emit) }

    private static func system(_ table: ReplicaTable, _ row: RowUUID) -> OVSSystem? {
        let ids = table.value(row, "external_ids")?.texts ?? [:]
        let kept: Set<String> = ["hostname", "rundir", "system-id"]
        return OVSSystem(
            systemID: ids["system-id"], hostname: ids["hostname"],
            ovsVersion: table.value(row, "ovs_version")?.single?.text,
            externalIDs: ids.filter { $0.key.hasPrefix("ovn-") || kept.contains($0.key) })
    }

    private static func bridge(_ ports: ReplicaTable?, _ table: ReplicaTable, _ row: RowUUID) -> OVSBridge? {
        guard let name = table.value(row, "name")?.single?.text else { return nil }
        let ids = table.value(row, "external_ids")
        let zones = (ids?.texts ?? [:]).compactMap { $0.key.hasPrefix("ct-zone-") ? Int($0.value) : nil }
        let members = table.value(row, "ports")?.members ?? []
        return OVSBridge(
            name: name, datapathType: table.value(row, "datapath_type")?.single?.text ?? "",
            uplink: ids?.text(of: "bridge-uplink"), owned: ids?.text(of: "ovenbird") != nil,
            ports: members.compactMap { $0.reference.flatMap { ports?.value($0, "name")?.single?.text } },
            hwaddr: table.value(row, "other_config")?.text(of: "hwaddr"), zones: zones)
    }

    private static func interface(_ table: ReplicaTable, _ row: RowUUID) -> OVSInterface? {
        guard let name = table.value(row, "name")?.single?.text else { return nil }
        let ids = table.value(row, "external_ids")
        let number = table.value(row, "ofport")?.single?.number
        return OVSInterface(
            name: name, type: table.value(row, "type")?.single?.text ?? "", ifaceID: ids?.text(of: "iface-id"),
            sandbox: ids?.text(of: "sandbox"), installed: ids?.text(of: "ovn-installed") == "true",
            // -1 says that the device could not be opened.
            ofport: number.flatMap { $0 > 0 ? $0 : nil }, mac: table.value(row, "mac_in_use")?.single?.text)
    }
}
