import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Planes

@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostNetworkTests {
    private func rows() throws -> [any Row] {
        [
            HostLink(device: "mp0", up: true, mtu: 1400, addressGenerationMode: 1),
            Sysctl("net/ipv4/conf/mp0/forwarding", "1"),
            Sysctl("net/ipv4/conf/mp0/rp_filter", "2"),
            HostAddress(device: "mp0", address: try #require(IPNetwork("10.244.1.2/24"))),
            HostAddress(device: "mp0", address: try #require(IPNetwork("fd69::2/125")), neverSource: true),
            HostNeighbour(
                device: "mp0", address: try #require(IPAddress("10.244.1.1")), mac: MACAddress("0a:58:0a:f4:01:01")),
            HostRoute(
                try #require(IPNetwork("10.244.0.0/16")), device: "mp0", via: IPAddress("10.244.1.1")),
            HostRoute(
                try #require(IPNetwork("10.96.0.0/16")), device: "mp0", via: IPAddress("10.244.1.1"),
                source: IPAddress("10.244.1.2"), mtu: 1400, table: 7),
            HostRoute(
                try #require(IPNetwork("fd00:10:96::/112")), device: "mp0", via: IPAddress("fd69::4")),
            HostRule(family: .v4, priority: 30, mark: 0x1745ec, table: 7),
            HostRule(family: .v6, priority: 30, mark: 0x1745ec, table: 7),
        ]
    }

    private func expectInForce(_ host: TestNamespace) throws {
        let link = try host.run("ip -d link show mp0") + host.run("ip addr show mp0")
        #expect(link.contains("mtu 1400") && link.contains("UP") && link.contains("addrgenmode none"))
        #expect(link.contains("inet 10.244.1.2/24") && link.contains("inet6 fd69::2/125"))
        #expect(link.contains("deprecated") && !link.contains("tentative"))
        #expect(try host.run("ip neigh show dev mp0").contains("10.244.1.1 lladdr 0a:58:0a:f4:01:01 PERMANENT"))
        #expect(try host.run("ip route").contains("10.244.0.0/16 via 10.244.1.1 dev mp0 proto 79"))
        #expect(
            try host.run("ip route show table 7")
                .contains("10.96.0.0/16 via 10.244.1.1 dev mp0 proto 79 src 10.244.1.2 mtu 1400"))
        #expect(try host.run("ip -6 route").contains("fd00:10:96::/112 via fd69::4 dev mp0 proto 79 metric 1024"))
        #expect(try host.run("ip rule").contains("30:\tfrom all fwmark 0x1745ec lookup 7 proto 79"))
        #expect(try host.run("cat /proc/sys/net/ipv4/conf/mp0/rp_filter") == "2\n")
    }

    @Test func everythingWaitsForItsDeviceAndComesWithIt() async throws {
        let host = try TestNamespace("wait")
        let bench = try PlaneBench(in: host)
        try await bench.set(rows())
        #expect(bench.refused.isEmpty, "a missing device is no fault")
        try host.run("ip link add mp0 type ifb")
        try await eventually("the routes are there") { try host.run("ip -6 route").contains("fd00:10:96::/112") }
        try expectInForce(host)
        #expect(bench.refused.isEmpty)
        try await bench.stop()
    }

    @Test func anotherDeviceThatTakesTheNameGetsEverything() async throws {
        let host = try TestNamespace("rename")
        try host.run("ip link add mp0 type ifb")
        let bench = try PlaneBench(in: host)
        try await bench.set(rows())
        try expectInForce(host)
        for change in ["set mp0 down", "set mp0 name other", "add mp0 type ifb"] { try host.run("ip link \(change)") }
        try await eventually("the routes are there") { try host.run("ip -6 route").contains("fd00:10:96::/112") }
        try expectInForce(host)
        try await eventually("the old device has nothing of ours") {
            try !host.run("ip addr show other").contains("inet ")
        }
        try await bench.stop()
    }

    @Test func aSettingThatTheKernelRefusesTakesNothingElseAway() async throws {
        let host = try TestNamespace("refuse")
        try host.run("ip link add mp0 type veth peer name mp1")
        try host.run("ip link set mp1 up")
        let bench = try PlaneBench(in: host)
        var rows = try rows()
        try await bench.set(rows)
        let tooMuch = HostLink(device: "mp0", up: true, mtu: 1 << 30, addressGenerationMode: 1)
        rows[0] = tooMuch
        try await bench.set(rows)
        #expect(Set(bench.refused.keys) == [RowSource.id(tooMuch)])
        rows.append(HostRoute(try #require(IPNetwork("10.97.0.0/16")), device: "mp0", via: IPAddress("10.244.1.1")))
        try await bench.set(rows)
        #expect(try host.run("ip route").contains("10.97.0.0/16 via 10.244.1.1 dev mp0"))
        #expect(try host.run("ip route").contains("10.244.0.0/16 via 10.244.1.1 dev mp0"))
        #expect(try host.run("ip addr show mp0").contains("inet 10.244.1.2/24"))
        rows[0] = HostLink(device: "mp0", up: true, mtu: 1400, addressGenerationMode: 1)
        try await bench.set(rows)
        try expectInForce(host)
        try await bench.stop()
    }

    @Test func aRestartWritesNothingAndStrayRowsOfOursGo() async throws {
        let host = try TestNamespace("again")
        try host.run("ip link add mp0 type ifb")
        let first = try PlaneBench(in: host)
        try await first.set(rows())
        try expectInForce(host)
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set(rows())
        #expect(second.plane.writes == 0)
        try await second.stop()
        try host.run("ip addr add 10.50.0.1/24 dev mp0")
        try host.run("ip route add 10.51.0.0/16 dev mp0")
        try host.run("ip rule add priority 40 lookup 9")
        let third = try PlaneBench(in: host)
        try await third.set([])
        #expect(try host.run("ip route").contains("10.51.0.0/16"), "a foreign route stays")
        #expect(try host.run("ip rule").contains("lookup 9"), "a foreign rule stays")
        #expect(try !host.run("ip route show table all").contains("proto 79"))
        #expect(try !host.run("ip rule").contains("1745ec"))
        #expect(try !host.run("ip neigh").contains("PERMANENT"))
        #expect(try !host.run("ip addr show mp0").contains("10.244.1.2"))
        try await third.stop()
    }

    @Test func whatOthersChangeComesBackAtOnce() async throws {
        let host = try TestNamespace("back")
        try host.run("ip link add mp0 type ifb")
        let bench = try PlaneBench(in: host)
        let rows = try rows()
        try await bench.set(rows)
        try host.run("ip route del 10.244.0.0/16")
        try await bench.repair(of: rows[6])
        try host.run("ip addr del 10.244.1.2/24 dev mp0")
        try await bench.repair(of: rows[3])
        try host.run("ip neigh del 10.244.1.1 dev mp0")
        try await bench.repair(of: rows[5])
        try host.run("ip rule del priority 30")
        try await bench.repair(of: rows[9])
        try host.run("ip link set mp0 mtu 1500")
        try await bench.repair(of: rows[0])
        try host.run("ip link set mp0 down")
        try await bench.repair(of: rows[0])
        try await eventually("the routes are back") { try host.run("ip -6 route").contains("fd00:10:96::/112") }
        try expectInForce(host)
        try await bench.stop()
    }

    @Test func aNeighbourIsKeptKnown() async throws {
        let host = try TestNamespace("kept")
        let other = try TestNamespace("kept-other")
        try host.run("ip link add bre0 type veth peer name bre0 netns \(other.name)")
        for (place, address) in [(host, "192.0.2.1/24"), (other, "192.0.2.2/24")] {
            try place.run("ip addr add \(address) dev bre0")
            try place.run("ip link set bre0 up")
        }
        let row = HostNeighbour(device: "bre0", address: try #require(IPAddress("192.0.2.2")), mac: nil)
        let first = try PlaneBench(in: host)
        try await first.set([row])
        func isKnown() throws -> Bool {
            let entry = try host.run("ip neigh show dev bre0")
            return entry.contains("192.0.2.2 lladdr") && entry.contains("managed")
        }
        try await eventually("the kernel has asked by itself") { try isKnown() }
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set([row])
        #expect(second.plane.writes == 0)
        try await second.repair(of: row) { try host.run("ip neigh del 192.0.2.2 dev bre0") }
        try await eventually("the kernel asks again") { try isKnown() }
        try await second.set([])
        #expect(try !host.run("ip neigh show dev bre0").contains("managed"))
        try await second.stop()
    }

    @Test func aSettingThatOthersChangeComesBackWithTheNextLook() async throws {
        let host = try TestNamespace("look")
        try host.run("ip link add mp0 type ifb")
        let bench = try PlaneBench(in: host, audit: .milliseconds(100))
        let rows = try rows()
        try await bench.set(rows)
        try host.run("sysctl -q net.ipv4.conf.mp0.rp_filter=1")
        try await bench.repair(of: rows[2])
        try expectInForce(host)
        try await bench.stop()
    }

    @Test func aForeignRouteInTheWayIsNamedAndSurvives() async throws {
        let host = try TestNamespace("foreign")
        try host.run("ip link add mp0 type ifb")
        try host.run("ip link set mp0 up")
        try host.run("ip addr add 10.1.0.1/24 dev mp0")
        try host.run("ip route add 10.96.0.0/16 via 10.1.0.9 proto static")
        let bench = try PlaneBench(in: host)
        let row = HostRoute(
            try #require(IPNetwork("10.96.0.0/16")), device: "mp0", via: IPAddress("10.1.0.8"))
        let other = HostRoute(
            try #require(IPNetwork("10.97.0.0/16")), device: "mp0", via: IPAddress("192.0.2.1"))
        try await bench.set([row, other])
        #expect(bench.refused[RowSource.id(row)]?.contains("another program's (protocol 4)") == true)
        #expect(bench.refused[RowSource.id(other)]?.hasPrefix("add route 10.97.0.0/16 via 192.0.2.1") == true)
        #expect(try host.run("ip route").contains("10.96.0.0/16 via 10.1.0.9"))
        // Once the foreign one does the same it is adopted, and not removed later.
        try host.run("ip route replace 10.96.0.0/16 via 10.1.0.8 proto static")
        while await bench.refusals()[RowSource.id(row)] != nil {}
        try await bench.set([])
        #expect(try host.run("ip route").contains("10.96.0.0/16 via 10.1.0.8"))
        try await bench.stop()
    }

    @Test func aChangedRouteIsReplacedInPlace() async throws {
        let host = try TestNamespace("replace")
        try host.run("ip link add mp0 type ifb")
        try host.run("ip link set mp0 up")
        try host.run("ip addr add 10.1.0.1/24 dev mp0")
        let bench = try PlaneBench(in: host)
        let network = try #require(IPNetwork("10.96.0.0/16"))
        try await bench.set([HostRoute(network, device: "mp0", via: IPAddress("10.1.0.8"))])
        let before = bench.plane.writes
        try await bench.set([HostRoute(network, device: "mp0", via: IPAddress("10.1.0.9"))])
        #expect(bench.plane.writes == before + 1)
        let routes = try host.run("ip route")
        #expect(routes.contains("10.96.0.0/16 via 10.1.0.9") && !routes.contains("10.1.0.8"))
        try await bench.stop()
    }

    @Test func aRowThatCannotBeReadIsRefused() async throws {
        let host = try TestNamespace("malformed")
        let bench = try PlaneBench(in: host)
        let row = RowID(HostRoute.table, "x")
        bench.plane.apply(
            Delta(
                plane: "host", turn: 1,
                rows: [RowChange(row, .inserted, [ColumnChange(0, .scalar(.string("10.0.0.0/33")))])]))
        #expect(
            await bench.refusals() == [
                row: "column destination of HostRoute holds \"10.0.0.0/33\", "
                    + "which is not an address with a prefix length"
            ])
        try await bench.stop()
    }
}
