import Core
import OVSDB
import Synchronization

/// Turns rows of a database into objects: each time something changes, all rows of the tables concerned are read again
/// and what is not equal to before is told.
struct DatabaseFeed: Sendable {
    /// Objects that are made from some tables.
    struct Source: Sendable {
        let tables: Set<String>
        let lane: Lane
        let read: @Sendable (Replica) -> [any Kind]
    }

    let name: String
    let database: Database
    let sources: [Source]

    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = database.subscribe(to: sources.reduce(into: Set()) { $0.formUnion($1.tables) }) {
            wake.yield()
        }
        wake.yield()
        var told: [[ObjectID: any Kind]] = sources.map { _ in [:] }
        var hasListed = false
        var wasConnected: Bool?
        /// Everything is to be read: a connection that was lost again at once may have said so.
        var isReset = false
        for await _ in wakes {
            let news = subscription.take()
            isReset = isReset || news.isReset
            if news.isConnected || hasListed {
                let tables = Set(news.updates.map(\.table))
                for (position, source) in sources.enumerated()
                where isReset || !source.tables.isDisjoint(with: tables) {
                    let changes = Self.changes(&told[position], database.read(source.read))
                    if !changes.isEmpty { emit(.changes(feed: name, changes, lane: source.lane)) }
                }
                isReset = false
            }
            if news.isConnected, !hasListed {
                hasListed = true
                emit(.listed(feed: name))
            }
            if wasConnected != news.isConnected {
                wasConnected = news.isConnected
                emit(.failed(feed: name, news.isConnected ? [] : [failure]))
            }
        }
    }

    private var failure: FeedFailure {
        FeedFailure(
            source: "\(database.endpoint)", reason: "NotConnected",
            message: database.failure ?? "there is no connection to the database server yet")
    }

    private static func changes(_ told: inout [ObjectID: any Kind], _ objects: [any Kind]) -> [ObjectChange] {
        var new: [ObjectID: any Kind] = [:]
        for object in objects { new[object.id] = object }
        var changes: [ObjectChange] = told.keys.filter { new[$0] == nil }.sorted().map { .remove($0) }
        for (id, object) in new.sorted(by: { $0.key < $1.key }) {
            if let old = told[id], isEqual(old, object) { continue }
            changes.append(.put(object))
        }
        told = new
        return changes
    }

    private static func isEqual<K: Kind>(_ a: any Kind, _ b: K) -> Bool { (a as? K) == b }
}

extension Replica {
    /// Makes an object of each row of a table; of two rows of one name the first counts.
    func objects<K: Kind>(_ table: String, _ make: (ReplicaTable, RowUUID) -> K?) -> [any Kind] {
        guard let table = self[table] else { return [] }
        var seen = Set<String>()
        return table.rows.keys.sorted().compactMap { uuid in
            guard let object = make(table, uuid), seen.insert(object.name).inserted else { return nil }
            return object
        }
    }
}
