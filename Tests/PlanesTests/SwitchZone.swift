import Linux
import OVSDB
import OVSDBTestKit

@testable import Planes

/// A zone's northbound and southbound databases with ovn-northd, and a switch that notes in its log what it is told.
final class SwitchZone {
    let northbound: DatabaseServer
    let node: TestSwitch
    let database: Database
    private let southbound: DatabaseServer
    private let northd: Northd
    private var tasks: [Task<Void, Never>] = []

    init(_ name: String) throws {
        northbound = try DatabaseServer(.northbound)
        southbound = try DatabaseServer(.southbound)
        try northbound.initialise()
        northd = try Northd(northbound: northbound, southbound: southbound)
        node = try TestSwitch(name)
        try node.addBridge("br0", mode: "standalone")
        _ = try SwitchControl(directory: node.directory).ask("vlog/set", "unixctl:file:dbg")
        database = Database(name: "OVN_Northbound", endpoint: northbound.endpoint)
    }

    deinit { tasks.forEach { $0.cancel() } }

    /// Runs what watches the database, and the database; both end with the zone.
    func run(_ watcher: @escaping @Sendable () async -> Void) {
        tasks = [Task { [database] in await database.run() }, Task { await watcher() }]
    }

    func set(_ arguments: [String]) throws {
        try Command(["ovn-nbctl", "--db=unix:\(northbound.socket)"] + arguments).run()
    }

    /// What the switch was told by commands that begin so, in order, by its own log.
    func told(_ command: String) throws -> [String] {
        try Files.read("\(node.directory)/ovs-vswitchd.log").split(separator: "\n").compactMap { line in
            line.firstRange(of: "received request \(command)").map { String(line[$0.upperBound...]) }
        }
    }
}
