import Core
import Linux
import Model

/// Fixed entries in the MAC learning tables of bridges, by `ovs-appctl`.
///
/// A switch that does not run, a bridge or a port that is not there: the entry waits.
final class ForwardingPart {
    private let directory: String
    private let writes: WriteCounter
    /// What was put in place, to be taken away when its row goes.
    private var applied: [RowID: ForwardingEntry] = [:]

    init(directory: String, writes: WriteCounter) {
        self.directory = directory
        self.writes = writes
    }

    func ensure(_ rows: [RowID: ForwardingEntry]) throws -> Standings {
        guard let target = SwitchControl(directory: directory).target else { return rows.mapValues { _ in .waiting } }
        for (row, old) in applied.sorted(by: { $0.key < $1.key }) where rows[row] == nil {
            applied[row] = nil
            writes.add()
            _ = try Command("ovs-appctl", "-t", target, "fdb/del", old.bridge, "\(old.vlan)", "\(old.mac)").outcome()
        }
        var standings: Standings = [:]
        for (bridge, entries) in Dictionary(grouping: rows, by: \.value.bridge) {
            let shown = try Command("ovs-appctl", "-t", target, "fdb/show", bridge).outcome()
            let fixed = shown.succeeded ? Self.fixedEntries(shown.output) : []
            for (row, entry) in entries {
                if !shown.succeeded {
                    standings[row] = .waiting
                } else if fixed.contains("\(entry.vlan) \(entry.mac)") {
                    applied[row] = entry
                    standings[row] = .right
                } else {
                    standings[row] = try add(row, entry, target)
                }
            }
        }
        return standings
    }

    private func add(_ row: RowID, _ entry: ForwardingEntry, _ target: String) throws -> Standing {
        let outcome = try Command(
            "ovs-appctl", "-t", target, "fdb/add", entry.bridge, entry.port, "\(entry.vlan)", "\(entry.mac)"
        ).outcome()
        guard outcome.succeeded else { return .waiting }
        writes.add()
        applied[row] = entry
        return .written
    }

    /// The `VLAN MAC` of lines such as `LOCAL     0  0a:58:0a:f4:01:02  static`.
    private static func fixedEntries(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                return words.count >= 4 && words[3] == "static" ? "\(words[1]) \(words[2])" : nil
            })
    }
}
