import Linux
import Model
import OVSDB
import OVSDBTestKit
import Testing

@testable import Planes

/// A northbound database with a load balancer, and a switch that tracks nothing.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DatagramMemoryTests {
    private struct Zone {
        let zone: SwitchZone

        init(_ name: String) async throws {
            zone = try SwitchZone(name)
            let memory = DatagramMemory(
                northbound: zone.database, ovsDirectory: zone.node.directory, isUserspace: true)
            zone.run { await memory.run {} }
            _ = try await zone.database.wait(for: ["NB_Global"]) { $0["NB_Global"]?.rows.keys.first }
            // What it finds at first is no news to it: it looks as soon as one change is.
            try zone.set(["create", "Load_Balancer", "name=first", "protocol=udp", "options:ct_flush=true"])
            var turn = 0
            try await eventually("the start is over") {
                turn += 1
                try set("set", "Load_Balancer", "first", #"vips:"192.0.2.1:1"="192.0.2.2:\#(turn)""#)
                return try !zone.told("dpctl/flush-conntrack[").isEmpty
            }
            try zone.set(["destroy", "Load_Balancer", "first"])
        }

        func set(_ arguments: String...) throws { try zone.set(arguments) }

        /// What the switch was told to forget.
        var forgotten: [String] {
            get throws {
                try zone.told("dpctl/flush-conntrack[").map { $0.prefix { $0 != "]" }.filter { $0 != "\"" } }
                    .filter { !$0.contains("192.0.2.") }
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
        #expect(TransportAddress("10.96.0.1") == nil && TransportAddress("fd00::1:80") == nil)
        let line =
            "udp,orig=(src=fd00::2,dst=fd00:10:96::1,sport=40000,dport=80),"
            + "reply=(src=fd00::5,dst=fd00::2,sport=8080,dport=40000),zone=7,mark=2"
        #expect(DatagramWay(tracked: line) == way)
        #expect(DatagramWay(tracked: line.replacing("udp", with: "tcp")) == nil)
    }
}
