import Core
import Linux
import Model
import Testing

@testable import Planes

@Suite(.serialized, .timeLimit(.minutes(3)))
struct OpenFlowTests {
    private func bench(
        _ node: TestSwitch, owned: Bool = false, audit: Duration = .seconds(30)
    ) throws -> PlaneBench<OpenFlowPlane> {
        PlaneBench(
            try OpenFlowPlane(
                .init(ovsDirectory: node.directory, ownsAllFlows: { _ in owned }, audit: audit)))
    }

    /// Flows in spellings that the switch prints otherwise.
    private let rows: [Flow] = [
        Flow(
            bridge: "br0", priority: 500, match: "in_port=1,ip,nw_src=172.30.0.1/32,nw_dst=169.254.169.2",
            actions: "mod_nw_src:169.254.169.1,mod_nw_dst:172.30.0.1,resubmit(,3)"),
        Flow(
            bridge: "br0", priority: 105, match: "in_port=2,pkt_mark=1008,ip",
            actions: "ct(commit,zone=64000,nat(src=172.30.0.1),exec(load:0x1->NXM_NX_CT_MARK[])),output:1", cookie: 7),
        Flow(bridge: "br0", priority: 50, match: "ip,dl_dst=0A:58:00:00:00:01", actions: "ct(zone=64000,nat,table=1)"),
        Flow(bridge: "br0", table: 1, priority: 100, match: "ip,ct_state=+trk+est,ct_mark=0x01", actions: "2"),
        Flow(bridge: "br0", table: 1, priority: 14, match: "icmp6,icmp_type=134", actions: "flood"),
        Flow(
            bridge: "br0", table: 3, priority: 32768,
            actions: "move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[],mod_dl_dst:0a:58:00:00:00:01,local"),
        Flow(bridge: "br0", priority: 3, match: "tcp,tp_dst=0x1000/0xf000", actions: "load:5->NXM_NX_REG1[],normal"),
        Flow(bridge: "br0", priority: 0, actions: "NORMAL"),
    ]

    @Test func flowsGoInAndARestartWritesNothing() async throws {
        let node = try TestSwitch("of-in")
        try node.addBridge("br0")
        try node.ofctl("add-flow", "br0", "cookie=0x99,priority=9,arp,actions=drop")
        let first = try bench(node)
        try await first.set(rows)
        #expect(first.refused.isEmpty)
        #expect(first.plane.writes == 1, "one bundle")
        let flows = try node.flows("br0")
        #expect(flows.count == rows.count + 1)
        #expect(
            flows.contains(
                "cookie=0x6f76656e00000007, priority=105,pkt_mark=0x3f0,ip,in_port=2 "
                    + "actions=ct(commit,zone=64000,nat(src=172.30.0.1),exec(set_field:0x1->ct_mark)),output:1"))
        #expect(flows.contains("cookie=0x99, priority=9,arp actions=drop"))
        try await first.stop()
        let second = try bench(node)
        try await second.set(rows)
        #expect(second.plane.writes == 0)
        var changed = rows
        changed[3].actions = "drop"
        changed.removeLast()
        try await second.set(changed)
        #expect(second.plane.writes == 1)
        #expect(try node.flows("br0").contains { $0.contains("ct_mark=0x1,ip actions=drop") })
        #expect(try node.flows("br0").contains("priority=0 actions=NORMAL"), "the bridge's own default is back")
        try await second.set([])
        #expect(try node.flows("br0") == ["cookie=0x99, priority=9,arp actions=drop", "priority=0 actions=NORMAL"])
        try await second.stop()
    }

    @Test func theRestOfAnEarlierRunGoes() async throws {
        let node = try TestSwitch("of-old")
        try node.addBridge("br0")
        try node.addBridge("br1")
        let first = try bench(node)
        try await first.set(rows + [Flow(bridge: "br1", priority: 5, match: "ip", actions: "drop")])
        try await first.stop()
        let second = try bench(node)
        try await second.set([rows[7]])
        #expect(try node.flows("br0") == ["cookie=0x6f76656e00000000, priority=0 actions=NORMAL"])
        #expect(try node.flows("br1") == [])
        try await second.stop()
    }

    @Test func aBadFlowIsRefusedAndTheRestGoesIn() async throws {
        let node = try TestSwitch("of-bad")
        try node.addBridge("br0")
        let bench = try bench(node)
        let nonsense = Flow(bridge: "br0", priority: 8, match: "ip,foo=1", actions: "drop")
        let group = Flow(bridge: "br0", priority: 9, match: "ip", actions: "group:77")
        let twice = Flow(bridge: "br0", priority: 0, match: "", actions: "NORMAL")
        let other = Flow(bridge: "br0", priority: 50, match: "dl_dst=0a:58:00:00:00:01,ip", actions: "drop")
        try await bench.set(rows + [nonsense, group, other])
        #expect(bench.refused[RowSource.id(nonsense)] == "unknown keyword foo")
        #expect(bench.refused[RowSource.id(group)] == "OFPBAC_BAD_OUT_GROUP")
        #expect(RowSource.id(twice) == RowSource.id(rows[7]))
        let pair = [RowSource.id(other), RowSource.id(rows[2])]
        #expect(pair.filter { bench.refused[$0] != nil }.count == 1, "two spellings of one match")
        #expect(bench.refused.count == 3)
        #expect(try node.flows("br0").count == rows.count)
        try await bench.set(rows)
        #expect(bench.refused.isEmpty)
        try await bench.stop()
    }

    @Test func flowsComeBackAfterARestartOfTheSwitchAndOfABridge() async throws {
        let node = try TestSwitch("of-back")
        let bench = try bench(node)
        try await bench.set(rows)
        #expect(bench.refused.isEmpty, "a missing bridge is waited for")
        try node.addBridge("br0")
        try await eventually("the flows are there") { try node.flows("br0").count == rows.count }
        let flows = try node.flows("br0")
        try node.restart()
        try await eventually("they are back") { (try? node.flows("br0")) == flows }
        try node.vsctl("del-br", "br0")
        try node.addBridge("br0")
        try await eventually("they are back") { (try? node.flows("br0")) == flows }
        try await bench.stop()
    }

    @Test func whatOthersChangeComesBackWithTheNextLook() async throws {
        let node = try TestSwitch("of-drift")
        try node.addBridge("br0")
        let bench = try bench(node, audit: .milliseconds(150))
        try await bench.set(rows)
        let flows = try node.flows("br0")
        try node.ofctl("del-flows", "br0")
        try await bench.repair(of: rows[0])
        #expect(try node.flows("br0") == flows)
        try node.ofctl("mod-flows", "br0", "table=1,icmp6,icmp_type=134,actions=drop")
        try await bench.repair(of: rows[4])
        #expect(try node.flows("br0") == flows)
        try await bench.stop()
    }

    @Test func anOwnedBridgeHasOurFlowsAloneAndGoesBackToNormal() async throws {
        let node = try TestSwitch("of-own")
        try node.addBridge("br0", mode: "standalone")
        try node.ofctl("add-flow", "br0", "cookie=0x99,priority=9,arp,actions=drop")
        let bench = try bench(node, owned: true)
        try await bench.set(Array(rows.prefix(2)))
        #expect(try node.flows("br0").count == 2)
        try await bench.set([])
        #expect(try node.flows("br0") == ["priority=0 actions=NORMAL"])
        try await bench.stop()
    }

    @Test func flowsFollowTheirPortsByName() async throws {
        let node = try TestSwitch("of-port")
        try node.addBridge("br0")
        try node.addBridge("br-int")
        let bench = try bench(node)
        let name = "patch-br-ex_n1-to-br-int"
        let row = Flow(bridge: "br0", priority: 10, match: "in_port=\(name),ip", actions: "output:\(name)")
        try await bench.set([row, rows[7]])
        #expect(bench.refused.isEmpty)
        #expect(try node.flows("br0") == ["cookie=0x6f76656e00000000, priority=0 actions=NORMAL"])
        func addPatch(_ number: Int) throws {
            try node.vsctl(
                "add-port", "br0", name, "--", "set", "interface", name, "type=patch", "options:peer=p",
                "ofport_request=\(number)", "--", "--may-exist", "add-port", "br-int", "p", "--", "set", "interface",
                "p", "type=patch", "options:peer=\(name)")
        }
        try addPatch(5)
        try await eventually("the flow is there") {
            try node.flows("br0").contains { $0.hasSuffix("priority=10,ip,in_port=5 actions=output:5") }
        }
        try node.vsctl("del-port", "br0", name)
        try addPatch(6)
        try await eventually("the flow has followed") {
            let flows = try node.flows("br0")
            return flows.count == 2 && flows.contains { $0.hasSuffix("priority=10,ip,in_port=6 actions=output:6") }
        }
        try await bench.stop()
    }

    @Test func twentyThousandFlowsCostABundleAndADifferenceLittle() async throws {
        let node = try TestSwitch("of-many")
        try node.addBridge("br0")
        let bench = try bench(node)
        var many = (0..<20_000).map { index in
            Flow(
                bridge: "br0", priority: 100,
                match: "tcp,nw_dst=10.\(index / 65536).\(index / 256 % 256).\(index % 256),tp_dst=80",
                actions: "output:1")
        }
        try await bench.set(many)
        #expect(try node.flows("br0").count == many.count)
        many.removeFirst(10)
        try await bench.set(many)
        #expect(bench.plane.writes == 2)
        #expect(try node.flows("br0").count == many.count)
        try await bench.stop()
    }
}
