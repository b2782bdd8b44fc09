import Core
import Feeds
import Logging
import Model
import OVSDB
import OVSDBTLS
import Planes

/// The three databases of a zone, one connection each, shared by planes and feeds.
struct Databases: Sendable {
    let planes: [any Plane]
    let feeds: [ExpectedFeed]
    private let all: [Database]
    private let verdicts: VerdictCache?
    private let datagrams: DatagramMemory

    init(_ paths: DaemonPaths, _ settings: DaemonSettings, _ datapath: Datapath, _ log: Logger) throws {
        func open(_ name: String, _ address: String, _ certificates: DatabaseAccess.Certificates?) throws -> Database {
            Database(
                name: name, endpoint: try Endpoint(address), security: certificates.map { .tls(CertificateFiles($0)) },
                logger: log)
        }
        let vswitch = try open("Open_vSwitch", "unix:\(paths.vswitch)", nil)
        let northbound = try open(
            "OVN_Northbound", paths.northbound(settings.northbound), settings.northbound.certificates)
        let southbound = try open(
            "OVN_Southbound", paths.southbound(settings.southbound), settings.southbound.certificates)
        all = [vswitch, northbound, southbound]
        verdicts =
            datapath == .netdev
            ? VerdictCache(northbound: northbound, ovsDirectory: paths.switchDirectory) : nil
        datagrams = DatagramMemory(
            northbound: northbound, ovsDirectory: paths.switchDirectory, isUserspace: datapath == .netdev)
        planes = [
            OVSDBPlane(name: PlaneName.northbound, database: northbound, tables: Table.northbound),
            OVSDBPlane(name: PlaneName.southbound, database: southbound, tables: Table.southbound),
            OVSDBPlane(name: PlaneName.vswitch, database: vswitch, tables: Table.vswitch),
        ]
        feeds = [
            ExpectedFeed(VSwitchFeed(vswitch), OVSInterface.self, OVSBridge.self, OVSSystem.self),
            ExpectedFeed(NorthboundFeed(northbound), NorthboundSchema.self),
            ExpectedFeed(SouthboundFeed(southbound), LogicalDatapath.self),
            ExpectedFeed(PipelineFeed(southbound), LogicalStage.self),
        ]
    }

    /// Keeps the connections until the task is cancelled. `flows` are those that depend on the rows too.
    func run(flows: OpenFlowPlane) async {
        await withTaskGroup(of: Void.self) { group in
            for database in all { group.addTask { await database.run() } }
            group.addTask { await datagrams.run { _ = await flows.audit() } }
            if let verdicts { group.addTask { await verdicts.run() } }
        }
    }
}

extension CertificateFiles {
    fileprivate init(_ paths: DatabaseAccess.Certificates) {
        self.init(privateKey: paths.privateKey, certificate: paths.certificate, authority: paths.authority)
    }
}
