import Core
import Model
import OVSDB

/// Brings the chassis of the zone's southbound database as `OVSChassis` and its datapaths as `LogicalDatapath`.
public struct SouthboundFeed: Feed {
    public let name = "southbound"
    private let feed: DatabaseFeed

    /// Has to be made before the database runs.
    public init(_ database: Database) {
        database.monitor("Chassis", columns: ["encaps", "hostname", "name", "other_config"])
        database.monitor("Encap", columns: ["ip"])
        database.monitor("Datapath_Binding", columns: ["external_ids", "tunnel_key"])
        feed = DatabaseFeed(
            name: name, database: database,
            sources: [
                .init(tables: ["Chassis", "Encap"], lane: .bulk) { replica in
                    replica.objects("Chassis") { Self.chassis(replica["Encap"], $0, $1) }
                },
                .init(tables: ["Datapath_Binding"], lane: .bulk) { replica in
                    replica.objects("Datapath_Binding") { table, row -> LogicalDatapath? in
                        guard let name = table.value(row, "external_ids")?.text(of: "name"),
                            let key = table.value(row, "tunnel_key")?.single?.number
                        else { return nil }
                        return LogicalDatapath(name: name, tunnelKey: key)
                    }
                },
            ])
    }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async { await feed.run(emit) }

    private static func chassis(_ encaps: ReplicaTable?, _ table: ReplicaTable, _ row: RowUUID) -> OVSChassis? {
        guard let name = table.value(row, "name")?.single?.text else { return nil }
        let members = table.value(row, "encaps")?.members ?? []
        return OVSChassis(
            name: name, hostname: table.value(row, "hostname")?.single?.text ?? "",
            isRemote: table.value(row, "other_config")?.text(of: "is-remote") == "true",
            encapIPs: members.compactMap { $0.reference.flatMap { encaps?.value($0, "ip")?.single?.text } })
    }
}
