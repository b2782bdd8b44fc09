import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Planes

@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostPodTests {
    private func link(_ pod: TestNamespace, _ sandbox: String = "abc", mtu: Int = 1400) throws -> PodLink {
        PodLink(
            sandbox: sandbox, hostInterface: "veth-\(sandbox)", netns: pod.namespace.path,
            mac: try #require(MACAddress("0a:58:0a:f4:01:05")), mtu: mtu,
            addresses: [try #require(IPNetwork("10.244.1.5/24")), try #require(IPNetwork("fd00:10:244:1::5/64"))],
            gateways: [try #require(IPAddress("10.244.1.1")), try #require(IPAddress("fd00:10:244:1::1"))],
            routes: [
                PodRoute(try #require(IPNetwork("10.96.0.0/16")), via: try #require(IPAddress("10.244.1.1"))),
                PodRoute(
                    try #require(IPNetwork("fd00:10:96::/112")), via: try #require(IPAddress("fd00:10:244:1::1")),
                    mtu: 1300),
            ])
    }

    private func names(_ namespace: TestNamespace) throws -> [String] {
        try namespace.socket().links().map(\.name).sorted()
    }

    @Test func aPodIsWiredCompletely() async throws {
        let host = try TestNamespace("pod-h")
        let pod = try TestNamespace("pod-p")
        let bench = try PlaneBench(in: host)
        try await bench.set([link(pod)])
        #expect(bench.refused.isEmpty)
        let address = try pod.run("ip addr show eth0")
        #expect(address.contains("mtu 1400") && address.contains("0a:58:0a:f4:01:05") && address.contains("UP"))
        #expect(address.contains("inet 10.244.1.5/24") && address.contains("inet6 fd00:10:244:1::5/64"))
        #expect(try !pod.run("ip addr show eth0 scope global").contains("tentative"))
        #expect(try pod.run("ip link show lo").contains("UP"))
        let routes = try pod.run("ip route") + pod.run("ip -6 route")
        #expect(routes.contains("default via 10.244.1.1 dev eth0"))
        #expect(routes.contains("10.96.0.0/16 via 10.244.1.1 dev eth0"))
        #expect(routes.contains("default via fd00:10:244:1::1 dev eth0"))
        #expect(routes.contains("fd00:10:96::/112 via fd00:10:244:1::1 dev eth0"))
        #expect(routes.contains("mtu 1300"))
        #expect(try pod.run("ethtool -k eth0").contains("tx-checksumming: off"))
        #expect(try pod.run("cat /proc/sys/net/ipv6/conf/eth0/dad_transmits") == "0\n")
        #expect(try pod.run("cat /proc/sys/net/ipv6/conf/eth0/accept_ra") == "0\n")
        let outside = try host.run("ip -d link show veth-abc")
        #expect(outside.contains("UP") && outside.contains("mtu 1400") && outside.contains("addrgenmode none"))
        #expect(outside.contains("alias ovenbird abc eth0"))
        #expect(try !host.run("ip -6 addr show veth-abc").contains("fe80"))
        let chains = try host.run("nft list table netdev ovenbird")
        #expect(chains.contains("hook ingress device \"veth-abc\" priority -500; policy drop;"))
        try await bench.stop()
    }

    @Test func whatAPodMaySendIsLimitedForAsLongAsARowSaysSo() async throws {
        let host = try TestNamespace("limit-h")
        let pod = try TestNamespace("limit-p")
        let bench = try PlaneBench(in: host)
        var row = try link(pod)
        row.egressRate = 10_000_000
        try await bench.set([row])
        let first = try pod.run("tc qdisc show dev eth0")
        #expect(first.contains("tbf") && first.contains("rate 10Mbit"))
        row.egressRate = 2_000_000
        try await bench.set([row])
        #expect(try pod.run("tc qdisc show dev eth0").contains("rate 2Mbit"))
        row.egressRate = nil
        try await bench.set([row])
        #expect(try !pod.run("tc qdisc show dev eth0").contains("tbf"))
        try await bench.stop()
    }

    @Test func theHostEndComesUpWhenTheRowOpensAndStaysUp() async throws {
        let host = try TestNamespace("open-h")
        let pod = try TestNamespace("open-p")
        let bench = try PlaneBench(in: host)
        func isUp() throws -> Bool { try host.run("ip link show veth-abc").contains("state UP") }
        var row = try link(pod)
        row.isOpen = false
        try await bench.set([row])
        #expect(bench.refused.isEmpty)
        #expect(try !isUp())
        // All else is there already, also what the kernel would not give to a link without a carrier by itself.
        #expect(try !pod.run("ip addr show eth0 scope global").contains("tentative"))
        #expect(try pod.run("ip -6 route").contains("default via fd00:10:244:1::1 dev eth0"))
        #expect(try host.run("nft list table netdev ovenbird").contains("veth-abc"))
        let closed = bench.plane.writes
        row.isOpen = true
        try await bench.set([row])
        #expect(try isUp())
        #expect(bench.plane.writes == closed + 1)
        #expect(try pod.run("ip link show eth0").contains("state UP"))
        row.isOpen = false
        try await bench.set([row])
        #expect(try isUp())
        #expect(bench.plane.writes == closed + 1)
        try await bench.stop()
        // A daemon that starts while its pod waits leaves it waiting, and one that is up as it is.
        let second = try PlaneBench(in: host)
        try await second.set([row])
        #expect(try isUp() && second.plane.writes == 0)
        try await second.stop()
        try host.run("ip link set veth-abc down")
        let third = try PlaneBench(in: host)
        try await third.set([row])
        #expect(try !isUp())
        row.isOpen = true
        try await third.set([row])
        #expect(try isUp())
        try await third.stop()
    }

    @Test func aPairThatVanishesBeforeItOpensIsWiredCompletely() async throws {
        let host = try TestNamespace("vanish-h")
        let pod = try TestNamespace("vanish-p")
        let bench = try PlaneBench(in: host)
        var row = try link(pod)
        row.isOpen = false
        try await bench.set([row])
        try host.run("ip link del veth-abc")
        row.isOpen = true
        try await bench.set([row])
        #expect(bench.refused.isEmpty)
        #expect(try pod.run("ip addr show eth0").contains("inet 10.244.1.5/24"))
        #expect(try pod.run("ip route").contains("default via 10.244.1.1 dev eth0"))
        #expect(try host.run("ip link show veth-abc").contains("state UP"))
        try await bench.stop()
    }

    @Test func aRestartWritesNothing() async throws {
        let host = try TestNamespace("restart-h")
        let pod = try TestNamespace("restart-p")
        let first = try PlaneBench(in: host)
        let rows = [try link(pod)]
        try await first.set(rows)
        #expect(first.plane.writes > 5)
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set(rows)
        #expect(second.plane.writes == 0)
        try await second.stop()
    }

    @Test func aPairWhosePodEndSomebodyHasRenamedIsKnownAgain() async throws {
        let host = try TestNamespace("renamed-h")
        let pod = try TestNamespace("renamed-p")
        let first = try PlaneBench(in: host)
        var row = try link(pod)
        row.addresses = []
        row.gateways = []
        row.routes = []
        try await first.set([row])
        try await first.stop()
        for change in ["set eth0 down", "set eth0 name eth0-nic up", "add eth0 type veth"] {
            try pod.run("ip link \(change)")
        }
        let second = try PlaneBench(in: host)
        try await second.set([row])
        #expect(second.refused.isEmpty)
        #expect(try names(pod).contains("eth0-nic"))
        #expect(try host.run("ip link show veth-abc").contains("UP"))
        try await second.stop()
    }

    @Test func aDeletedPodLeavesNothingAndTakesNothingElse() async throws {
        let host = try TestNamespace("del-h")
        let a = try TestNamespace("del-a")
        let b = try TestNamespace("del-b")
        try host.run("ip link add foreign type veth peer name foreign2")
        let bench = try PlaneBench(in: host)
        try await bench.set([link(a, "aaa"), link(b, "bbb")])
        try await bench.set([link(b, "bbb")])
        #expect(try names(host) == ["foreign", "foreign2", "lo", "veth-bbb"])
        #expect(try !names(a).contains("eth0"))
        let chains = try host.run("nft list table netdev ovenbird")
        #expect(!chains.contains("veth-aaa") && chains.contains("veth-bbb"))
        try await bench.set([])
        #expect(try names(host) == ["foreign", "foreign2", "lo"])
        #expect(try !host.run("nft list tables").contains("ovenbird"))
        try await bench.stop()
    }

    @Test func aMissingNamespaceIsRefusedAndAVanishedOneIsFine() async throws {
        let host = try TestNamespace("gone-h")
        var pod: TestNamespace? = try TestNamespace("gone-p")
        let bench = try PlaneBench(in: host)
        let good = try link(#require(pod))
        var missing = try link(#require(pod), "def")
        missing.netns = "/run/netns/ovbt-nobody"
        try await bench.set([good, missing])
        #expect(
            bench.refused == [
                RowSource.id(missing):
                    "the network namespace /run/netns/ovbt-nobody of sandbox def cannot be opened: No such file or directory"
            ])
        #expect(try names(host) == ["lo", "veth-abc"])
        pod = nil
        try await eventually("the kernel removes the pair") { try names(host) == ["lo"] }
        try await bench.set([])
        #expect(bench.refused.isEmpty)
        try await bench.stop()
    }

    @Test func leftoversOfAnEarlierRunGoAtStart() async throws {
        let host = try TestNamespace("stale-h")
        let a = try TestNamespace("stale-a")
        let b = try TestNamespace("stale-b")
        let first = try PlaneBench(in: host)
        try await first.set([link(a, "aaa"), link(b, "bbb")])
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set([link(b, "bbb")])
        #expect(try names(host) == ["lo", "veth-bbb"])
        #expect(try !host.run("nft list table netdev ovenbird").contains("veth-aaa"))
        try await second.stop()
    }

    @Test func aForeignDeviceOfThatNameIsInTheWayAndSurvives() async throws {
        let host = try TestNamespace("way-h")
        let pod = try TestNamespace("way-p")
        try host.run("ip link add veth-abc type ifb")
        let bench = try PlaneBench(in: host)
        let row = try link(pod)
        try await bench.set([row])
        #expect(bench.refused[RowSource.id(row)] == "a device veth-abc that is not ours is in the way")
        #expect(try names(host) == ["lo", "veth-abc"])
        try host.run("ip link del veth-abc")
        #expect(await bench.refusals().isEmpty)
        #expect(try names(pod).contains("eth0"))
        try await bench.stop()
    }

    @Test func aPairThatWasMadeAndNotYetMarkedIsAdopted() async throws {
        let host = try TestNamespace("half-h")
        let pod = try TestNamespace("half-p")
        try host.run("ip link add veth-abc type veth peer name eth0 netns \(pod.name)")
        let bench = try PlaneBench(in: host)
        try await bench.set([link(pod)])
        #expect(bench.refused.isEmpty)
        #expect(try pod.run("ip route").contains("default via 10.244.1.1 dev eth0"))
        try await bench.stop()
    }

    @Test func aPairThatSomebodyRemovesOrTakesDownComesBack() async throws {
        let host = try TestNamespace("drift-h")
        let pod = try TestNamespace("drift-p")
        let bench = try PlaneBench(in: host)
        let row = try link(pod)
        try await bench.set([row])
        try host.run("ip link set veth-abc down")
        try await bench.repair(of: row)
        #expect(try host.run("ip link show veth-abc").contains("UP"))
        try host.run("ip link del veth-abc")
        try await bench.repair(of: row)
        #expect(try pod.run("ip route").contains("default via 10.244.1.1 dev eth0"))
        #expect(try host.run("nft list table netdev ovenbird").contains("device \"veth-abc\""))
        try await bench.stop()
    }

    @Test func whatAPodDoesInsideIsLeftAloneUntilItsRowChanges() async throws {
        let host = try TestNamespace("inside-h")
        let pod = try TestNamespace("inside-p")
        let other = try TestNamespace("inside-o")
        let bench = try PlaneBench(in: host, audit: .milliseconds(50))
        try await bench.set([link(pod)])
        try pod.run("ip route del 10.96.0.0/16")
        try await bench.set([link(pod), link(other, "other")])
        try await bench.repair(of: link(other, "other")) { try host.run("ip link set veth-other down") }
        #expect(try !pod.run("ip route").contains("10.96.0.0/16"))
        try await bench.set([link(pod, mtu: 1300), link(other, "other")])
        #expect(try pod.run("ip route").contains("10.96.0.0/16"))
        try await bench.stop()
    }

    @Test func changesOfARowReachThePod() async throws {
        let host = try TestNamespace("change-h")
        let pod = try TestNamespace("change-p")
        let bench = try PlaneBench(in: host)
        var row = try link(pod)
        try await bench.set([row])
        row.mtu = 1300
        row.routes = []
        row.gateways = [try #require(IPAddress("10.244.1.1"))]
        try await bench.set([row])
        #expect(bench.refused.isEmpty)
        #expect(try pod.run("ip link show eth0").contains("mtu 1300"))
        #expect(try host.run("ip link show veth-abc").contains("mtu 1300"))
        let routes = try pod.run("ip route") + pod.run("ip -6 route")
        #expect(routes.contains("default via 10.244.1.1") && !routes.contains("10.96.0.0/16"))
        #expect(!routes.contains("default via fd00") && !routes.contains("fd00:10:96::/112"))
        try await bench.stop()
    }

    @Test func whatIsLeftOutOfARowWhileNobodyLooksGoesAtTheNextStart() async throws {
        let host = try TestNamespace("later-h")
        let pod = try TestNamespace("later-p")
        let own = try TestNamespace("later-o")
        var row = try link(pod)
        row.egressRate = 10_000_000
        let first = try PlaneBench(in: host)
        try await first.set([row, link(own, "own")])
        try await first.stop()
        // What pods have of their own.
        for line in ["ip addr add 192.0.2.1/32 dev eth0", "ip route add 198.51.100.0/24 via 10.244.1.1"] {
            try pod.run(line)
        }
        try own.run("tc qdisc add dev eth0 root tbf rate 3mbit burst 32k latency 50ms")
        row.egressRate = nil
        row.addresses = [try #require(IPNetwork("10.244.1.5/24"))]
        row.gateways = [try #require(IPAddress("10.244.1.1"))]
        row.routes = []
        let second = try PlaneBench(in: host)
        try await second.set([row, link(own, "own")])
        #expect(try !pod.run("tc qdisc show dev eth0").contains("tbf"))
        let addresses = try pod.run("ip addr show eth0 scope global")
        #expect(addresses.contains("10.244.1.5/24") && addresses.contains("192.0.2.1/32"))
        #expect(!addresses.contains("fd00:10:244:1::5"))
        let routes = try pod.run("ip route") + pod.run("ip -6 route")
        #expect(routes.contains("default via 10.244.1.1") && routes.contains("198.51.100.0/24 via 10.244.1.1"))
        #expect(!routes.contains("10.96.0.0/16") && !routes.contains("fd00"))
        #expect(try own.run("tc qdisc show dev eth0").contains("rate 3Mbit"))
        try await second.stop()
    }

    @Test func aSandboxThatGetsAnotherNamespaceIsWiredThere() async throws {
        let host = try TestNamespace("other-h")
        let old = try TestNamespace("other-a")
        let new = try TestNamespace("other-b")
        let bench = try PlaneBench(in: host)
        try await bench.set([link(old)])
        try await bench.set([link(new)])
        #expect(bench.refused.isEmpty)
        #expect(try !names(old).contains("eth0"))
        #expect(try new.run("ip route").contains("default via 10.244.1.1 dev eth0"))
        try await bench.stop()
        let second = try PlaneBench(in: host)
        try await second.set([link(old)])
        #expect(second.refused.isEmpty)
        #expect(try names(old).contains("eth0") && !names(new).contains("eth0"))
        #expect(try host.run("nft list table netdev ovenbird").contains("device \"veth-abc\""))
        try await second.stop()
    }

    @Test func manyPodsAreWiredAtOnce() async throws {
        let host = try TestNamespace("many-h")
        let pods = try (0..<20).map { try TestNamespace("many-\($0)") }
        let bench = try PlaneBench(in: host)
        try await bench.set(try pods.enumerated().map { try link($0.element, "s\($0.offset)") })
        #expect(bench.refused.isEmpty)
        #expect(try names(host).count == 21)
        try await bench.stop()
    }
}
