import Core
import Model
import Synchronization

/// When the network of a sandbox reached each stage, for the last few hundred sandboxes: where the time of a pod's start
/// goes.
final class StartTimes: Sendable {
    enum Stage: Int, CaseIterable, Sendable {
        /// The daemon has the request.
        case asked
        /// The modules have decided; the planes have the rows.
        case decided
        /// Every plane has confirmed.
        case wired
        /// OVN reports the port installed.
        case installed
        /// The pod's link is up.
        case opened
    }

    struct Record: Sendable {
        let sandbox: String
        var reached: [ContinuousClock.Instant]
    }

    private static let limit = 512
    private let records = Mutex<[Record]>([])

    func begin(_ sandbox: String) {
        records.withLock { list in
            if list.count == Self.limit { list.removeFirst() }
            list.removeAll { $0.sandbox == sandbox }
            list.append(Record(sandbox: sandbox, reached: [.now]))
        }
    }

    /// Notes that this stage, and with it every earlier one, is reached.
    func reach(_ stage: Stage, _ sandbox: String) {
        records.withLock { list in
            guard let place = list.lastIndex(where: { $0.sandbox == sandbox }) else { return }
            while list[place].reached.count <= stage.rawValue { list[place].reached.append(.now) }
        }
    }

    /// Microseconds from one stage to the next.
    var json: JSON {
        let list = records.withLock { $0 }.filter { $0.reached.count == Stage.allCases.count }
        func microseconds(_ record: Record, _ to: Stage) -> JSON {
            let time = record.reached[to.rawValue] - record.reached[to.rawValue - 1]
            return .integer(Int(time / .microseconds(1)))
        }
        return Report.envelope(
            "StartTimeList",
            [
                "items": .array(
                    list.map { record in
                        [
                            "sandbox": .string(record.sandbox), "decided": microseconds(record, .decided),
                            "wired": microseconds(record, .wired), "installed": microseconds(record, .installed),
                            "opened": microseconds(record, .opened),
                        ]
                    })
            ])
    }
}
