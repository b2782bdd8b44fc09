import Core
import Linux
import OVSDB

/// Makes a userspace datapath forget its verdicts when rules have changed for ports that were there before.
///
/// Two cached flows of that datapath may overlap. When a rule changes, Open vSwitch 3.1 corrects a cached flow by
/// looking for it with the packet that made it, and may find the other one: the flow at fault then keeps its old
/// verdict, be it yes or no, also for new connections, for as long as packets keep it warm. Only forgetting all of them
/// helps, after OVN has put the change in force. What is asked again is asked once per flow: with 1,300 flows and 1,700
/// packets a second, forgetting twice a second takes a tenth of a core and loses nothing, but some packets wait for a
/// tenth of a second. So this is done at most twice a second, and only for changes after which an old verdict may be
/// wrong.
public struct VerdictCache: Sendable {
    private static let tables = ["ACL", "Address_Set", "Logical_Switch_Port", "Port_Group"]
    private static let pause = Duration.milliseconds(500)
    private let database: Database
    private let barrier: NorthboundBarrier
    private let control: SwitchControl

    /// Has to be made before the database, which is the northbound one, runs.
    public init(northbound database: Database, ovsDirectory: String) {
        self.database = database
        barrier = NorthboundBarrier(database: database)
        control = SwitchControl(directory: ovsDirectory)
        database.monitor("ACL", columns: ["action", "direction", "match", "priority", "tier"])
        database.monitor("Address_Set", columns: ["addresses"])
        database.monitor("Logical_Switch_Port", columns: ["name"])
        database.monitor("Port_Group", columns: ["ports"])
    }

    /// Watches until the task is cancelled.
    public func run() async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = database.subscribe(to: Self.tables) { wake.yield() }
        var hasChanged = false
        var isDue = false
        for await _ in wakes {
            let news = subscription.take()
            hasChanged = hasChanged || database.read { Self.mayMislead(news.updates, $0) }
            // After a start or a lost connection nobody knows what has been missed; what there is OVN has seen.
            isDue = isDue || news.isReset || hasChanged
            guard isDue, news.isConnected else { continue }
            do {
                if hasChanged { try await barrier.pass() }
                let outcome = try await onThread { [control] in try control.ask("revalidator/purge") }
                // No switch, nothing cached. One that does not do as it is told is told again.
                if outcome?.succeeded ?? true { (isDue, hasChanged) = (false, false) } else { wake.yield() }
            } catch is CancellationError {
                return
            } catch {
                // The database or the switch went away, or did not answer in time: an old verdict may still stand.
                wake.yield()
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Whether a verdict of before these changes may be wrong after them.
    ///
    /// A port that comes with its groups has no verdicts yet, and one that has gone needs none. The address of a new
    /// pod may have been tried before, by others or by itself on its way to another node.
    static func mayMislead(_ updates: [RowUpdate], _ replica: Replica) -> Bool {
        let born = Set(
            updates.filter { $0.table == "Logical_Switch_Port" && $0.what == .inserted }.map { Atom.uuid($0.uuid) })
        return updates.contains { update in
            switch (update.table, update.what) {
            case ("ACL", _): return true
            case ("Port_Group", .modified(let columns)):
                let standing = Set((replica["Logical_Switch_Port"]?.rows.keys).map { $0.map(Atom.uuid) } ?? [])
                return columns.contains { change in
                    guard case .members(let ports) = change.what else { return false }
                    return !ports.subtracting(born).isDisjoint(with: standing)
                }
            case ("Address_Set", .modified(let columns)):
                return columns.contains { change in
                    guard case .members(let addresses) = change.what else { return false }
                    return !addresses.isEmpty
                }
            default: return false
            }
        }
    }
}
