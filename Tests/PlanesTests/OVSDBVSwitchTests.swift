import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

@Suite(.timeLimit(.minutes(3))) struct OVSDBVSwitchTests {
    private func port(_ name: String, qos: RowRef<VSwitchQoS>? = nil) -> [any Row] {
        [
            Port(
                key: .fixed(name), interfaces: [RowRef(fixed: name)], name: name, otherConfig: ["transient": "true"],
                qos: qos),
            Interface(key: .fixed(name), externalIDs: ["iface-id": "shop_\(name)"], mtuRequest: 1400, name: name),
        ]
    }

    private func bridge(_ ports: [String]) -> [any Row] {
        [
            OpenVSwitch(
                key: .fixed("."), bridges: [RowRef(fixed: "br-int")], externalIDs: ["ovn-encap-type": "geneve"]),
            Bridge(
                key: .fixed("br-int"), datapathType: "netdev", failMode: .secure, name: "br-int",
                otherConfig: ["disable-in-band": "true"], ports: ports.map(RowRef.init(fixed:))),
        ]
    }

    private func bench() async throws -> OVSDBBench {
        let bench = try OVSDBBench(.vswitch)
        for row in bridge(["p1", "p2"]) + port("p1") + port("p2") { bench.put(row) }
        await bench.apply()
        return bench
    }

    @Test func aBridgeItsPortsAndInterfacesAreOneTransaction() async throws {
        let bench = try await bench()
        #expect(bench.refused == [:])
        #expect(bench.plane.statistics.transactions == 1)
        #expect(try bench.server.tool("list-ports", "br-int") == "p1\np2")
        #expect(try bench.server.tool("get", "Interface", "p1", "external_ids:iface-id") == "shop_p1")
        #expect(try bench.server.tool("get", "Open_vSwitch", ".", "external_ids") == "{ovn-encap-type=geneve}")
        #expect(try bench.server.tool("get", "Bridge", "br-int", "fail_mode") == "secure")
    }

    @Test func whatOthersWriteIntoSharedColumnsStays() async throws {
        let bench = try await bench()
        try bench.server.tool(
            "add-br", "foreign", "--", "add-port", "br-int", "patch", "--", "set", "Interface", "p1",
            "external_ids:ovn-installed=true", "--", "set", "Open_vSwitch", ".", "external_ids:system-id=c1", "--",
            "set",
            "Bridge", "br-int", "protocols=OpenFlow13", "external_ids:x=y")
        for row in bridge(["p1"]) { bench.put(row) }
        bench.remove(Port(key: .fixed("p2")), Interface(key: .fixed("p2")))
        await bench.apply()
        #expect(try bench.server.tool("list-br") == "br-int\nforeign")
        #expect(try bench.server.tool("list-ports", "br-int") == "p1\npatch")
        #expect(try bench.server.tool("get", "Interface", "p1", "external_ids:ovn-installed") == "\"true\"")
        #expect(try bench.server.tool("get", "Open_vSwitch", ".", "external_ids:system-id") == "c1")
        #expect(try bench.server.tool("get", "Bridge", "br-int", "protocols") == "[OpenFlow13]")
        await bench.restart()
        await bench.apply()
        #expect(bench.plane.statistics.transactions == 0)
        #expect(bench.repaired.isEmpty)
    }

    @Test func anEntryOfASharedColumnThatIsWithdrawnGoesAndOthersStay() async throws {
        let bench = try await bench()
        try bench.server.tool("set", "Open_vSwitch", ".", "external_ids:system-id=c1")
        bench.put(OpenVSwitch(key: .fixed("."), bridges: [RowRef(fixed: "br-int")]))
        await bench.apply()
        #expect(try bench.server.tool("get", "Open_vSwitch", ".", "external_ids") == "{system-id=c1}")
        bench.removeAll()
        await bench.apply()
        #expect(try bench.server.tool("list-br") == "")
        #expect(try bench.server.tool("get", "Open_vSwitch", ".", "external_ids") == "{system-id=c1}")
    }

    @Test func afterARestartAPortOfOursThatIsNotDesiredGoesFromASharedBridge() async throws {
        let bench = try await bench()
        try bench.server.tool("add-port", "br-int", "patch")
        for row in bridge(["p1"]) { bench.put(row) }
        bench.remove(Port(key: .fixed("p2")), Interface(key: .fixed("p2")))
        await bench.restart()
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("list-ports", "br-int") == "p1\npatch")
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Interface").contains("p2") == false)
    }

    @Test func anotherSettingOfASharedEntryComesBack() async throws {
        let bench = try await bench()
        try bench.server.tool("set", "Open_vSwitch", ".", "external_ids:ovn-encap-type=vxlan")
        // The row is not ours, so this is no repair of a row of ours: wait for the value.
        _ = try await bench.database.wait(for: ["Open_vSwitch"]) { replica -> Bool? in
            let table = replica["Open_vSwitch"]
            let row = table?.rows.keys.first
            return row.flatMap { table?.value($0, "external_ids")?.text(of: "ovn-encap-type") } == "geneve" ? true : nil
        }
        #expect(try bench.server.tool("get", "Open_vSwitch", ".", "external_ids:ovn-encap-type") == "geneve")
    }

    @Test func aColumnThatMayNotChangeMakesTheRowAnew() async throws {
        let bench = try await bench()
        bench.put(
            Port(key: .fixed("p2"), interfaces: [RowRef(fixed: "p2")], name: "q2"),
            Interface(key: .fixed("p2"), name: "q2"))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("list-ports", "br-int") == "p1\nq2")
        #expect(try bench.server.tool("get", "Port", "q2", "external_ids:ovenbird") == "p2")
    }

    @Test func queuesOfAQoSAreReferences() async throws {
        let bench = try await bench()
        for row in port("p1", qos: RowRef(fixed: "qos/p1")) { bench.put(row) }
        bench.put(
            VSwitchQoS(
                key: .fixed("qos/p1"), otherConfig: ["max-rate": "1000000"], queues: [0: RowRef(fixed: "queue/p1")],
                type: "linux-htb"),
            VSwitchQueue(key: .fixed("queue/p1"), otherConfig: ["max-rate": "500000"]))
        await bench.apply()
        #expect(bench.refused == [:])
        let queue = try bench.server.tool("--bare", "--columns=_uuid", "list", "Queue")
        #expect(try bench.server.tool("--bare", "--columns=queues", "list", "QoS") == "0=\(queue)")
        for row in port("p1") { bench.put(row) }
        bench.remove(VSwitchQoS(key: .fixed("qos/p1")), VSwitchQueue(key: .fixed("queue/p1")))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("--bare", "--columns=_uuid", "list", "QoS", "--", "list", "Queue") == "")
    }
    @Test("rows that are held by maps alone are made with their holders, come back, and go")
    func heldByMaps() async throws {
        let bench = try await bench()
        let timeouts = ConntrackTimeouts(key: .fixed("t"), timeouts: ["tcp_close": 120])
        let zone = ConntrackZone(key: .fixed("z"), timeoutPolicy: RowRef(fixed: "t"))
        let datapath = SwitchDatapath(key: .fixed("netdev"), ctZones: [0: RowRef(fixed: "z")])
        bench.put(timeouts, zone, datapath)
        bench.put(OpenVSwitch(key: .fixed("."), datapaths: ["netdev": RowRef(fixed: "netdev")]))
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("list-zone-tp", "netdev") == "Zone:0, Timeout Policies: tcp_close=120")
        try bench.server.tool("del-zone-tp", "netdev", "zone=0")
        let policy = "Zone:0, Timeout Policies: tcp_close=120"
        let end = ContinuousClock.now + .seconds(20)
        while try bench.server.tool("list-zone-tp", "netdev") != policy, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try bench.server.tool("list-zone-tp", "netdev") == policy)
        bench.put(OpenVSwitch(key: .fixed(".")))
        bench.remove(timeouts, zone, datapath)
        await bench.apply()
        #expect(bench.refused == [:])
        let left = try bench.server.tool(
            "--bare", "--columns=_uuid", "list", "Datapath", "--", "list", "CT_Zone", "--", "list", "CT_Timeout_Policy")
        #expect(left.filter { !$0.isWhitespace } == "")
    }
}
