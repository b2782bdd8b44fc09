import Linux
import OVSDB
import OVSDBTestKit
import Testing

@testable import Planes

/// A northbound database with a load balancer, and a switch that tracks nothing.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DatagramMemoryTests {
    private final class Zone {
        let northbound: DatabaseServer
        private let southbound: DatabaseServer
        private let northd: Northd
        private let node: TestSwitch
        private let database: Database
        private let tasks: [Task<Void, Never>]

        init(_ name: String) async throws {
            northbound = try DatabaseServer(.northbound)
            southbound = try DatabaseServer(.southbound)
            try northbound.initialise()
            northd = try Northd(northbound: northbound, southbound: southbound)
            node = try TestSwitch(name)
            try node.addBridge("br0", mode: "standalone")
            _ = try SwitchControl(directory: node.directory).ask("vlog/set", "unixctl:file:dbg")
            let database = Database(name: "OVN_Northbound", endpoint: northbound.endpoint)
            let memory = DatagramMemory(
                northbound: database, ovsDirectory: node.directory, isUserspace: true)
            tasks = [Task { await database.run() }, Task { await memory.run {} }]
            self.database = database
            _ = try await database.wait(for: ["NB_Global"]) { $0["NB_Global"]?.rows.keys.first }
        }

        deinit { tasks.forEach { $0.cancel() } }

        func set(_ arguments: String...) throws {
            try Command(["ovn-nbctl", "--db=unix:\(northbound.socket)"] + arguments).run()
        }

        /// What the switch was told to forget, in order, by its own log.
        var forgotten: [String] {
            get throws {
                try Files.read("\(node.directory)/ovs-vswitchd.log").split(separator: "\n").compactMap { line in
                    guard let cut = line.firstRange(of: "received request dpctl/flush-conntrack[") else { return nil }
                    return String(line[cut.upperBound...].prefix { $0 != "]" }).filter { $0 != "\"" }
                }
            }
        }
    }

    private static func words(_ service: String, _ port: Int, _ backend: String, _ target: Int) -> String {
        "ct_nw_dst=\(service),ct_nw_proto=17,ct_tp_dst=\(port),"
            + "ct_nw_src=\(backend),ct_nw_proto=17,ct_tp_src=\(target)"
    }

    @Test(
        "the switch is told again and again to forget a backend that is gone, and an address that had none, and no other"
    )
    func forgets() async throws {
        let zone = try await Zone("datagrams")
        func isTold(_ what: String, _ words: String) async throws {
            try await eventually(what) { try zone.forgotten.filter { $0 == words }.count >= 2 }
        }
        try zone.set("create", "Load_Balancer", "name=u", "protocol=udp", "options:ct_flush=true")
        try zone.set("create", "Load_Balancer", "name=t", "protocol=tcp")
        for name in ["u", "t"] {
            try zone.set("set", "Load_Balancer", name, #"vips:"10.96.0.1:80"="10.1.0.1:53,10.1.0.2:53""#)
        }
        let own = Self.words("10.96.0.1", 80, "10.96.0.1", 80)
        try await isTold("an address is new", own)
        for name in ["u", "t"] {
            try zone.set("set", "Load_Balancer", name, #"vips:"10.96.0.1:80"="10.1.0.2:53,10.1.0.3:53""#)
        }
        let gone = Self.words("10.96.0.1", 80, "10.1.0.1", 53)
        try await isTold("a backend is gone", gone)
        try zone.set("clear", "Load_Balancer", "u", "vips")
        try await isTold("the address is gone", Self.words("10.96.0.1", 80, "10.1.0.3", 53))
        let all: Set = [
            own, gone, Self.words("10.96.0.1", 80, "10.1.0.2", 53), Self.words("10.96.0.1", 80, "10.1.0.3", 53),
        ]
        #expect(try Set(zone.forgotten) == all)
    }

    @Test("a way is told in the switch's own words, in both families")
    func words() throws {
        let way = DatagramWay(
            service: try #require(.init("[fd00:10:96::1]:80")), backend: try #require(.init("[fd00::5]:8080")))
        #expect(way.original == "ct_ipv6_dst=fd00:10:96::1,ct_nw_proto=17,ct_tp_dst=80")
        #expect(way.reply == "ct_ipv6_src=fd00::5,ct_nw_proto=17,ct_tp_src=8080")
        #expect(DatagramWay.End("10.96.0.1") == nil && DatagramWay.End("fd00::1") == nil)
        let line =
            "udp,orig=(src=fd00::2,dst=fd00:10:96::1,sport=40000,dport=80),"
            + "reply=(src=fd00::5,dst=fd00::2,sport=8080,dport=40000),zone=7,mark=2"
        #expect(DatagramWay(tracked: line) == way)
        #expect(DatagramWay(tracked: line.replacing("udp", with: "tcp")) == nil)
    }
}
