import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Planes

@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostNetfilterTests {
    private let set = NetfilterSet(
        "nodes", type: "ipv4_addr", interval: true, elements: ["10.0.0.0/8", "11.0.0.1-11.0.0.5", "12.0.0.1/32"])
    private let services = NetfilterSet(
        "services", type: "ipv4_addr . inet_proto . inet_service", elements: ["10.96.0.1 . tcp . 443"])
    private let sub = NetfilterChain(
        "zone-masquerade", rules: ["ip saddr 10.244.1.0/24 counter masquerade", "# a remark", ""])
    private let base = NetfilterChain(
        "mgmtport-snat", hook: .init(type: "nat", hook: "postrouting", priority: 100),
        rules: [
            "oifname != \"mp0\" return", "ip saddr @nodes counter jump zone-masquerade",
            "ip daddr . meta l4proto . th dport @services return", "meta mark & 0xff == 0x10 snat ip to 10.244.1.2",
        ])

    private var rows: [any Row] { [set, services, sub, base] }

    private func listing(_ host: TestNamespace) throws -> String { try host.run("nft -n -s list ruleset") }

    @Test func chainsAndSetsGoInAndARestartWritesNothing() async throws {
        let host = try TestNamespace("nft")
        try host.run("nft add table inet foreign")
        let first = try PlaneBench(in: host)
        try await first.set(rows)
        #expect(first.refused.isEmpty)
        #expect(first.plane.writes == 1, "one transaction")
        let text = try listing(host)
        #expect(text.contains("type nat hook postrouting priority 100; policy accept;"))
        #expect(text.contains("ip saddr @nodes counter jump zone-masquerade"))
        #expect(text.contains("11.0.0.1-11.0.0.5") && text.contains("10.96.0.1 . 6 . 443"))
        try await first.stop()
        let second = try PlaneBench(in: host)
        try await second.set(rows)
        #expect(second.plane.writes == 0)
        #expect(try listing(host) == text)
        try await second.set([])
        #expect(try !listing(host).contains("ovenbird"))
        #expect(try listing(host).contains("table inet foreign"))
        try await second.stop()
    }

    @Test func elementsComeAndGoOneByOne() async throws {
        let host = try TestNamespace("nft-e")
        let bench = try PlaneBench(in: host)
        try await bench.set(rows)
        var set = set
        set.elements = ["10.0.0.0/8", "13.0.0.1"]
        let before = bench.plane.writes
        try await bench.set([set, services, sub, base])
        #expect(bench.plane.writes == before + 1)
        let text = try listing(host)
        #expect(text.contains("13.0.0.1") && !text.contains("12.0.0.1") && !text.contains("11.0.0.1"))
        #expect(text.contains("10.0.0.0/8"))
        try await bench.stop()
    }

    @Test func aBadRuleIsRefusedAndTheRestGoesIn() async throws {
        let host = try TestNamespace("nft-b")
        let bench = try PlaneBench(in: host)
        let bad = NetfilterChain("bad", rules: ["ip saddr nonsense$ accept"])
        let worse = NetfilterChain(
            "worse", hook: .init(hook: "postrouting", priority: 5), rules: ["ip saddr 1.2.3.4 snat ip to 1.1.1.1"])
        try await bench.set(rows + [bad, worse])
        #expect(Set(bench.refused.keys) == [RowSource.id(bad), RowSource.id(worse)])
        #expect(bench.refused[RowSource.id(bad)]?.contains("nonsense") == true)
        let text = try listing(host)
        #expect(text.contains("chain mgmtport-snat") && text.contains("masquerade"))
        // A chain that was right keeps its rules when its new ones are wrong.
        var broken = sub
        broken.rules = "ip saddr nonsense$ accept"
        try await bench.set([set, services, broken, base])
        #expect(Set(bench.refused.keys) == [RowSource.id(sub)])
        #expect(try listing(host).contains("ip saddr 10.244.1.0/24 counter masquerade"))
        try await bench.set(rows)
        #expect(bench.refused.isEmpty)
        try await bench.stop()
    }

    @Test func whatIsFlushedComesBack() async throws {
        let host = try TestNamespace("nft-f")
        let bench = try PlaneBench(in: host, audit: .milliseconds(100))
        try await bench.set(rows)
        let text = try listing(host)
        try host.run("nft flush chain inet ovenbird zone-masquerade")
        try await bench.repair(of: sub)
        #expect(try listing(host) == text)
        try host.run("nft flush set inet ovenbird services")
        try await bench.repair(of: services)
        #expect(try listing(host) == text)
        try host.run("nft flush ruleset")
        try await bench.repair(of: base)
        #expect(try listing(host) == text)
        try host.run("nft add rule inet ovenbird mgmtport-snat accept")
        try host.run("nft add chain inet ovenbird stray")
        try await bench.repair(of: base)
        try await eventually("the stray chain is gone") { try listing(host) == text }
        try await bench.stop()
    }

    @Test func aSetOfAnotherTypeIsMadeAgain() async throws {
        let host = try TestNamespace("nft-t")
        let bench = try PlaneBench(in: host)
        try await bench.set([services, sub, base, set])
        let other = NetfilterSet("nodes", type: "ipv4_addr", elements: ["12.0.0.1"])
        try await bench.set([services, sub, base, other])
        #expect(bench.refused.isEmpty)
        let text = try listing(host)
        #expect(text.contains("12.0.0.1") && !text.contains("interval") && text.contains("@nodes"))
        try await bench.stop()
    }

    @Test func anIngressChainWaitsForItsDevice() async throws {
        let host = try TestNamespace("nft-w")
        let bench = try PlaneBench(in: host)
        let chain = NetfilterChain(
            "guard", family: .netdev, hook: .init(hook: "ingress", priority: -10, device: "e0", policy: "accept"),
            rules: ["ip protocol icmp counter drop"])
        let uplink = HostLink(device: "e0", up: true, ingressDrop: true)
        try await bench.set([chain, uplink])
        #expect(bench.refused.isEmpty)
        #expect(try !listing(host).contains("hook ingress"))
        try host.run("ip link add e0 type ifb")
        try await eventually("both chains are there") {
            let text = try listing(host)
            return text.contains("chain guard") && text.contains("chain in-e0")
        }
        #expect(try host.run("ip link show e0").contains("UP"))
        try await bench.set([chain])
        #expect(try !listing(host).contains("in-e0"))
        try await bench.stop()
    }
}
