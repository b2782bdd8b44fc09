import Linux
import OVSDB

/// Makes the switch forget where it leads datagrams, when a load balancer has other backends than before.
///
/// All datagrams of a client from one port are one connection to the switch, until it has been silent for half a
/// minute, and go where that was made to go. OVN itself ends connections to a backend that is gone (`ct_flush`), but
/// before the change is in force: the next datagram makes the same connection again. And who sent to an address before
/// it had backends is remembered as talking to the address itself. So both are forgotten here as soon as OVN has the
/// change in force, and our own flows have followed, and once more a little later: a packet that the switch was still
/// looking at may have been led as before. What the datapath has cached goes first: it may else make the old connection anew for as long as datagrams
/// keep it warm (see `VerdictCache`).
public struct DatagramMemory: Sendable {
    private static let table = "Load_Balancer"
    private static let pause = Duration.milliseconds(1500)
    /// With more to forget than this, it pays to ask the switch first what there is.
    private static let many = 16
    private let database: Database
    private let barrier: NorthboundBarrier
    private let control: SwitchControl
    private let cachesWrongly: Bool

    /// Has to be made before the database, which is the northbound one, runs.
    public init(northbound database: Database, ovsDirectory: String, isUserspace: Bool) {
        self.database = database
        cachesWrongly = isUserspace
        barrier = NorthboundBarrier(database: database)
        control = SwitchControl(directory: ovsDirectory)
        database.monitor(Self.table, columns: ["options", "protocol", "vips"])
    }

    /// Watches until the task is cancelled. `flows` returns when the flows of ours that belong to what the database holds
    /// are in force.
    public func run(after flows: @Sendable () async -> Void) async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = database.subscribe(to: [Self.table]) { wake.yield() }
        var backends = DatagramBackends()
        /// What has become wrong, and what has been forgotten once.
        var wrong: Set<DatagramWay> = []
        var suspect: Set<DatagramWay> = []
        for await _ in wakes {
            let news = subscription.take()
            wrong.formUnion(database.read { backends.take(news, $0[Self.table]) })
            guard news.isConnected, !wrong.isEmpty || !suspect.isEmpty else { continue }
            do {
                if !wrong.isEmpty {
                    try await barrier.pass()
                    await flows()
                }
                let ways = wrong.union(suspect).filter { !backends.has($0) }.sorted()
                try await onThread { try forget(ways) }
                (wrong, suspect) = ([], wrong)
            } catch is CancellationError {
                return
            } catch {
                // The database went away, and comes back with news; or the switch, which forgets by itself.
            }
            try? await Task.sleep(for: Self.pause)
            if !wrong.isEmpty || !suspect.isEmpty { wake.yield() }
        }
    }

    private func forget(_ ways: [DatagramWay]) throws {
        var ways = ways
        if ways.count > Self.many, let known = try control.ask("dpctl/dump-conntrack") {
            let present = Set(known.output.split(separator: "\n").compactMap { DatagramWay(tracked: $0) })
            ways = ways.filter(present.contains)
        }
        if cachesWrongly, !ways.isEmpty { _ = try control.ask("revalidator/purge") }
        for way in ways { _ = try control.ask("dpctl/flush-conntrack", way.original, way.reply) }
    }
}
