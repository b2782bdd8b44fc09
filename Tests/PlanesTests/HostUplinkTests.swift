import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Planes

@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostUplinkTests {
    private let row = BridgedUplink(nic: "e0", bridge: "bre0", ingressDrop: false)

    /// A namespace with a NIC that has addresses and routes of every sort.
    private func host(_ name: String) throws -> TestNamespace {
        let host = try TestNamespace(name)
        for line in [
            "ip link add e0 type veth peer name outside", "ip link set outside up", "ip link set e0 up",
            "ip addr add 172.30.0.1/24 dev e0", "ip addr add 172.30.1.1/32 dev e0",
            "ip addr add fd30::1/64 dev e0 nodad",
            "ip route add 10.9.0.0/16 via 172.30.0.50 metric 20 proto static",
            "ip route add 192.0.2.1/32 dev e0 scope link proto static",
            "ip route add default via 192.0.2.1 metric 100 proto dhcp src 172.30.0.1",
            "ip route add default via 172.30.0.100 metric 200 proto static",
            "ip -6 route add default via fd30::100 metric 1000 proto static",
            "ip -6 route add fd99::/32 via fd30::50 metric 30 proto static",
        ] { try host.run(line) }
        return host
    }

    private func makeBridge(_ host: TestNamespace) throws {
        try host.run("ip link add bre0 type bridge")
        try host.run("ip link set bre0 address \(mac(host))")
        try host.run("ip link set e0 master bre0")
    }

    private func mac(_ host: TestNamespace) throws -> String {
        try #require(try host.socket().link(named: "e0")?.mac).description
    }

    /// Addresses and routes that name the device, without its name.
    private func load(_ host: TestNamespace, _ device: String) throws -> Set<String> {
        let socket = try host.socket()
        let index = try #require(try socket.link(named: device)).index
        let addresses = try socket.addresses().filter { $0.index == index && $0.scope == 0 }.map {
            "\($0.address) \($0.origin)"
        }
        let routes = try socket.routes().filter {
            $0.nextHops.first?.index == index && $0.type == 1 && $0.origin != 2 && $0.table != 255
        }.map { route in
            let via = route.nextHops.first?.gateway.map { " via \($0)" } ?? ""
            let source = route.source.map { " src \($0)" } ?? ""
            return "\(route.destination)\(via)\(source) metric \(route.metric) proto \(route.origin) \(route.scope)"
        }
        return Set(addresses + routes)
    }

    @Test func addressesAndRoutesMoveAsTheyAreAndBack() async throws {
        let host = try host("uplink")
        let before = try load(host, "e0")
        #expect(before.count == 9)
        let bench = try PlaneBench(in: host)
        try await bench.set([row])
        #expect(try load(host, "e0") == before, "without a bridge nothing moves")
        try makeBridge(host)
        try await eventually("all has moved") { try load(host, "bre0") == before }
        #expect(try load(host, "e0").isEmpty)
        #expect(try !host.run("ip addr show bre0 scope global").contains("tentative"))
        #expect(bench.refused.isEmpty)
        try await bench.set([])
        #expect(try load(host, "e0") == before)
        #expect(try load(host, "bre0").isEmpty)
        try await bench.stop()
    }

    @Test func aRestartWritesNothing() async throws {
        let host = try host("uplink-r")
        try makeBridge(host)
        let first = try PlaneBench(in: host)
        try await first.set([row])
        let moved = try load(host, "bre0")
        #expect(moved.count == 9)
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set([row])
        #expect(second.plane.writes == 0)
        #expect(try load(host, "bre0") == moved)
        try await second.stop()
    }

    @Test func aCrashHalfWayIsFinishedLater() async throws {
        let host = try host("uplink-c")
        let before = try load(host, "e0")
        try makeBridge(host)
        // One address is on both, one has moved, and so has a route.
        try host.run("ip link set bre0 up")
        try host.run("ip addr add 172.30.0.1/24 dev bre0")
        try host.run("ip addr add fd30::1/64 dev bre0 nodad")
        try host.run("ip addr del 172.30.1.1/32 dev e0")
        try host.run("ip addr add 172.30.1.1/32 dev bre0")
        try host.run("ip route replace 10.9.0.0/16 via 172.30.0.50 dev bre0 metric 20 proto static")
        let bench = try PlaneBench(in: host)
        try await bench.set([row])
        #expect(try load(host, "bre0") == before)
        #expect(try load(host, "e0").isEmpty)
        try await bench.stop()
    }

    @Test func nothingMovesToABridgeWithAnotherMAC() async throws {
        let host = try host("uplink-m")
        let before = try load(host, "e0")
        try host.run("ip link add bre0 type bridge")
        try host.run("ip link set bre0 address 02:00:00:00:00:99")
        let bench = try PlaneBench(in: host)
        try await bench.set([row])
        #expect(try load(host, "e0") == before)
        try host.run("ip link set bre0 address \(mac(host))")
        try await eventually("all has moved") { try load(host, "bre0") == before }
        try await bench.stop()
    }

    @Test func whatABridgeCarriedSurvivesItsEnd() async throws {
        let host = try host("uplink-e")
        let before = try load(host, "e0")
        try makeBridge(host)
        let bench = try PlaneBench(in: host)
        try await bench.set([row])
        try host.run("ip link del bre0")
        try makeBridge(host)
        try await eventually("it is on the new bridge") { try load(host, "bre0") == before }
        try host.run("ip link set bre0 down")
        try await eventually("it is up again with all it had") { try load(host, "bre0") == before }
        // The bridge goes before the row does.
        try host.run("ip link del bre0")
        try await bench.set([])
        #expect(try load(host, "e0") == before)
        try await bench.stop()
    }

    @Test func theNICsFramesAreDroppedBeforeItsAddressesMove() async throws {
        let host = try host("uplink-d")
        try makeBridge(host)
        let bench = try PlaneBench(in: host)
        try await bench.set([BridgedUplink(nic: "e0", bridge: "bre0")])
        #expect(
            try host.run("nft list table netdev ovenbird")
                .contains("hook ingress device \"e0\" priority -500; policy drop;"))
        try await bench.set([])
        #expect(try !host.run("nft list tables").contains("ovenbird"))
        try await bench.stop()
    }

    @Test func aRestartWithoutTheRowMovesEverythingBack() async throws {
        let host = try host("uplink-off")
        let before = try load(host, "e0")
        try makeBridge(host)
        // Somebody else's bridge keeps what it carries.
        for line in ["ip link add br9 type bridge", "ip link set br9 up", "ip addr add 10.99.0.1/24 dev br9"] {
            try host.run(line)
        }
        let first = try PlaneBench(in: host)
        try await first.set([row])
        #expect(try load(host, "e0").isEmpty)
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set([])
        #expect(try load(host, "e0") == before)
        #expect(try load(host, "bre0").isEmpty)
        try await second.stop()
        let third = try PlaneBench(in: host)
        try host.run("ip addr add 10.98.0.1/24 dev bre0")
        try await third.set([])
        #expect(third.plane.writes == 0, "the bridge is nobody's of ours any more")
        #expect(try load(host, "br9") == ["10.99.0.1/24 0"])
        try await third.stop()
    }

    @Test func aRestartWithoutTheRowMovesBackWhatABridgeCarriedThatGoesFirst() async throws {
        let host = try host("uplink-gone")
        let before = try load(host, "e0")
        try makeBridge(host)
        let first = try PlaneBench(in: host)
        try await first.set([row])
        try await first.stop()
        let second = try PlaneBench(in: host)
        try host.run("ip link del bre0")
        try await second.set([])
        #expect(try load(host, "e0") == before)
        try await second.stop()
    }

    @Test func aRestartWithAnotherNICGivesTheOldOneItsOwnBack() async throws {
        let host = try host("uplink-two")
        let before = try load(host, "e0")
        try makeBridge(host)
        for line in [
            "ip link add e1 type veth peer name outside1", "ip link set e1 up", "ip addr add 10.55.0.1/24 dev e1",
            "ip link add bre1 type bridge",
        ] { try host.run(line) }
        try host.run("ip link set bre1 address \(#require(try host.socket().link(named: "e1")?.mac))")
        let first = try PlaneBench(in: host)
        try await first.set([row])
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set([BridgedUplink(nic: "e1", bridge: "bre1", ingressDrop: false)])
        #expect(try load(host, "e0") == before)
        #expect(try load(host, "bre1") == ["10.55.0.1/24 0"])
        try await second.stop()
    }

    @Test func whatTheKernelRefusesIsNamedAndTriedAgainAndTheRestMoves() async throws {
        let host = try host("uplink-ref")
        for line in [
            "ip link add e2 type veth peer name outside2", "ip link set e2 up", "ip addr add 10.66.0.1/24 dev e2",
            "ip route add 10.77.0.0/16 nexthop via 172.30.0.50 dev e0 nexthop via 10.66.0.50 dev e2",
        ] { try host.run(line) }
        let before = try load(host, "e0")
        #expect(before.count == 10)
        let route = "10.77.0.0/16 via 172.30.0.50 metric 0 proto 3 0"
        // The kernel takes no route over a device that is down.
        try host.run("ip link set e2 down")
        try makeBridge(host)
        let bench = try PlaneBench(in: host)
        try await bench.set([row])
        #expect(bench.refused[RowSource.id(row)]?.contains("10.77.0.0/16 via 172.30.0.50") == true)
        #expect(try load(host, "bre0") == before.subtracting([route]))
        #expect(try load(host, "e0").isEmpty)
        try host.run("ip link set e2 up")
        while await !bench.refusals().isEmpty {}
        #expect(try load(host, "bre0") == before)
        #expect(try load(host, "e0").isEmpty)
        // Back again: the NIC takes no IPv6 for a while.
        let setting = "net.ipv6.conf.e0.disable_ipv6"
        try host.run("sysctl -q -w \(setting)=1")
        try await bench.set([])
        let refusal = try #require(bench.refused[RowSource.id(row)])
        #expect(refusal.contains("fd30::1/64") && refusal.contains("fd99::/32"))
        #expect(try load(host, "e0") == before.filter { !$0.hasPrefix("fd") && !$0.hasPrefix("::") })
        try host.run("sysctl -q -w \(setting)=0")
        while await !bench.refusals().isEmpty {}
        #expect(try load(host, "e0") == before)
        #expect(try load(host, "bre0").isEmpty)
        try await bench.stop()
    }
}
