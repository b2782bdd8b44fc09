import Core
import Model
import OVSDB

/// Brings the datapaths of the zone's southbound database as `LogicalDatapath`.
public struct SouthboundFeed: Feed {
    public let name = "southbound"
    private let feed: DatabaseFeed

    /// Has to be made before the database runs.
    public init(_ database: Database) {
        database.monitor("Datapath_Binding", columns: ["external_ids", "tunnel_key"])
        feed = DatabaseFeed(
            name: name, database: database,
            sources: [
                .init(tables: ["Datapath_Binding"], lane: .bulk) { replica in
                    replica.objects("Datapath_Binding") { table, row -> LogicalDatapath? in
                        guard let name = table.value(row, "external_ids")?.text(of: "name"),
                            let key = table.value(row, "tunnel_key")?.single?.number
                        else { return nil }
                        return LogicalDatapath(name: name, tunnelKey: key)
                    }
                }
            ])
    }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async { await feed.run(emit) }
}
