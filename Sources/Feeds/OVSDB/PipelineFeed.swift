import Core
import Model
import OVSDB

/// Brings the stages of OVN's pipelines as `LogicalStage`.
///
/// They are asked for and not monitored: the database has a row for every logical flow, and the answer changes only
/// with the version of OVN.
public struct PipelineFeed: Feed {
    public let name = "pipeline"
    private let database: Database

    public init(_ database: Database) { self.database = database }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        var told: [String: LogicalStage] = [:]
        var hasListed = false
        while !Task.isCancelled {
            if let found = try? await stages() {
                let changes = LogicalStage.followed.compactMap { name -> ObjectChange? in
                    if found[name] == told[name] { return nil }
                    return found[name].map { .put($0) } ?? .remove(LogicalStage.id(name))
                }
                // A database that has just been made has no flows yet: what was known holds until there are some.
                if !changes.isEmpty, !found.isEmpty {
                    told = found
                    emit(.changes(feed: name, changes, lane: .bulk))
                }
                if !hasListed {
                    hasListed = true
                    emit(.listed(feed: name))
                }
            }
            let isWhole = told.count == LogicalStage.followed.count
            try await Task.sleep(for: isWhole ? .seconds(30) : .milliseconds(300))
        }
    }

    private func stages() async throws -> [String: LogicalStage] {
        let results = try await database.transact(
            LogicalStage.followed.map { name in
                .select(
                    "Logical_Flow", where: ("priority", 0), entry: ("external_ids", "stage-name", name),
                    columns: ["table_id"])
            })
        var found: [String: LogicalStage] = [:]
        for (name, result) in zip(LogicalStage.followed, results) {
            guard let number = result["rows"]?.elements?.first?["table_id"]?.number else { continue }
            found[name] = LogicalStage(name: name, table: LogicalStage.firstIngressTable + number)
        }
        return found
    }
}
