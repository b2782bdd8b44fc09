import Core
import Model
import OVSDB

/// Brings what the zone's northbound database can hold as `NorthboundSchema`.
public struct NorthboundFeed: Feed {
    public let name = "northbound"
    private let feed: DatabaseFeed

    /// Has to be made before the database runs.
    public init(_ database: Database) {
        // A server that comes back with another schema is told from one that was away by the columns asked for.
        database.monitor("ACL", columns: ["tier"])
        feed = DatabaseFeed(
            name: name, database: database,
            sources: [
                .init(tables: [], lane: .bulk) { replica in
                    guard let schema = replica.schema else { return [] }
                    return [NorthboundSchema(hasTiers: schema.tables["ACL"]?.columns["tier"] != nil)]
                }
            ])
    }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async { await feed.run(emit) }
}
