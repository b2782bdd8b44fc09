import Testing

@testable import Planes

struct OpenFlowTextTests {
    @Test func bothFormsOfAFlowAreTheSameFlow() throws {
        let a = try #require(
            FlowText.dumped(" cookie=0x6f76656e00000001, table=1, priority=100,ct_state=+est+trk,ip actions=output:2"))
        let b = try #require(
            FlowText.parsed(
                "OFPT_FLOW_MOD (OF1.5) (xid=0x4): ADD table:1 priority=100,ct_state=+est+trk,ip "
                    + "cookie:0x6f76656e00000001 actions=output:2"))
        #expect(a == b)
        #expect(a.0.description == "table=1,priority=100,ct_state=+est+trk,ip")
        #expect(a.1 == FlowBody(actions: "output:2", cookie: 0x6f76_656e_0000_0001))
    }

    @Test func whatIsDefaultIsNotPrintedAndStillRead() throws {
        let empty = try #require(FlowText.dumped(" actions=drop"))
        #expect(empty.0 == FlowKey(table: 0, priority: 32768, match: ""))
        let only = try #require(FlowText.dumped(" priority=0 actions=NORMAL"))
        #expect(only.0 == FlowKey(table: 0, priority: 0, match: ""))
        let bare = try #require(FlowText.parsed("OFPT_FLOW_MOD (OF1.5) (xid=0x1): ADD in_port=2 actions=drop"))
        #expect(bare.0 == FlowKey(table: 0, priority: 32768, match: "in_port=2"))
        #expect(FlowText.dumped("OFPST_FLOW reply (OF1.5) (xid=0x6):") == nil)
    }

    @Test func aFlowWithATimeoutIsNotOurs() throws {
        let flow = try #require(FlowText.dumped(" idle_timeout=60, priority=5,ip actions=drop"))
        #expect(flow.0 == FlowKey(table: 0, priority: 5, match: "ip"))
        #expect(flow.1 != FlowBody(actions: "drop", cookie: 0))
    }

    @Test func portNamesBecomeNumbers() {
        var names = PortNames(["patch-br-ex_n1-to-br-int": 3, "e0": 1])
        #expect(names.match("ip,in_port=patch-br-ex_n1-to-br-int,nw_dst=1.2.3.4") == "ip,in_port=3,nw_dst=1.2.3.4")
        #expect(names.actions("ct(commit,zone=1),output:e0,output:\"e0\"") == "ct(commit,zone=1),output:1,output:1")
        #expect(names.usesNames && names.missing == nil)
        #expect(names.actions("clone(output:gone)") == "clone(output:gone)")
        #expect(names.missing == "gone")
        var numbers = PortNames([:])
        let text = "output:2,output:LOCAL,output:NXM_NX_REG0[],output:in_port,output:0x3"
        #expect(numbers.actions(text) == text)
        #expect(numbers.match("in_port=LOCAL,ip") == "in_port=LOCAL,ip")
        #expect(!numbers.usesNames && numbers.missing == nil)
    }

    @Test func portsOfAllBridgesAreRead() {
        let text = """
            netdev@ovs-netdev: hit:0 missed:0
              br-int:
                br-int 65534/4: (tap)
                patch-br-int-to-br-ex_n1 1/none: (patch: peer=patch-br-ex_n1-to-br-int)
              br0:
                e0 1/1: (system)
            """
        #expect(
            OpenFlowTool.ports(in: text) == [
                "br-int": ["br-int": 65534, "patch-br-int-to-br-ex_n1": 1], "br0": ["e0": 1],
            ])
    }
}
