import OVSDB

/// Waits until OVN has put in force what the northbound database holds now.
///
/// Raises `NB_Global.nb_cfg` and waits for `hv_cfg` to follow: every chassis of the zone has then installed its flows.
public struct NorthboundBarrier: Sendable {
    public struct NoRow: Error, CustomStringConvertible {
        public let description = "the northbound database has no NB_Global row yet; ovn-northd makes it"
    }

    private let database: Database

    /// Has to be made before the database runs.
    public init(database: Database) {
        self.database = database
        database.monitor("NB_Global", columns: ["nb_cfg", "sb_cfg", "hv_cfg"])
    }

    /// Answers the number that was reached.
    @discardableResult
    public func pass() async throws -> Int {
        guard let row = database.read({ $0["NB_Global"]?.rows.keys.first }) else { throw NoRow() }
        let results = try await database.transact([
            .mutate("NB_Global", row, [("nb_cfg", .add(1))]),
            .select("NB_Global", row, columns: ["nb_cfg"]),
        ])
        guard let number = results.last?["rows"]?.elements?.first?["nb_cfg"]?.number else { throw NoRow() }
        return try await database.wait(for: ["NB_Global"]) { replica in
            let reached = replica["NB_Global"]?.value(row, "hv_cfg")?.single?.number ?? 0
            return reached >= number ? number : nil
        }
    }
}
