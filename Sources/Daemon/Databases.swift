import Core
import Feeds
import Logging
import Model
import OVSDB
import Planes

/// The three databases of a zone, one connection each, shared by planes and feeds.
struct Databases: Sendable {
    let planes: [any Plane]
    let feeds: [ExpectedFeed]
    private let all: [Database]

    init(_ paths: DaemonPaths, _ log: Logger) {
        func open(_ name: String, _ socket: String) -> Database {
            Database(name: name, endpoint: .unix(socket), logger: log)
        }
        let vswitch = open("Open_vSwitch", paths.vswitch)
        let northbound = open("OVN_Northbound", paths.northbound)
        let southbound = open("OVN_Southbound", paths.southbound)
        all = [vswitch, northbound, southbound]
        planes = [
            OVSDBPlane(name: PlaneName.northbound, database: northbound, tables: Table.northbound),
            OVSDBPlane(name: PlaneName.southbound, database: southbound, tables: Table.southbound),
            OVSDBPlane(name: PlaneName.vswitch, database: vswitch, tables: Table.vswitch),
        ]
        feeds = [
            ExpectedFeed(VSwitchFeed(vswitch), OVSInterface.self, OVSBridge.self, OVSSystem.self),
            ExpectedFeed(SouthboundFeed(southbound), OVSChassis.self, LogicalDatapath.self),
            ExpectedFeed(PipelineFeed(southbound), LogicalStage.self),
        ]
    }

    /// Keeps the connections until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for database in all { group.addTask { await database.run() } }
        }
    }
}
