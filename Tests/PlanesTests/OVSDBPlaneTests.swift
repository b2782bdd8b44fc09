import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

@Suite(.timeLimit(.minutes(3))) struct OVSDBPlaneTests {
    /// A switch with two ports, a router joined to it, a policy with an address set, routes and NAT.
    private func network() -> [any Row] {
        [
            LogicalSwitch(
                key: .fixed("s1"), acls: [RowRef(fixed: "acl/switch")], name: "s1",
                otherConfig: ["subnet": "10.0.0.0/24"],
                ports: [RowRef(fixed: "p1"), RowRef(fixed: "s1-r1")]),
            LogicalSwitchPort(key: .fixed("p1"), addresses: ["0a:00:00:00:00:01 10.0.0.5"], name: "p1"),
            LogicalSwitchPort(
                key: .fixed("s1-r1"), addresses: ["router"], name: "s1-r1", options: ["router-port": "r1-s1"],
                type: "router"),
            LogicalRouter(
                key: .fixed("r1"), name: "r1", nat: [RowRef(fixed: "nat/1")], ports: [RowRef(fixed: "r1-s1")],
                staticRoutes: [RowRef(fixed: "route/1")]),
            LogicalRouterPort(
                key: .fixed("r1-s1"), gatewayChassis: [RowRef(fixed: "r1-s1-c1")], mac: "0a:00:00:00:00:fe",
                name: "r1-s1", networks: ["10.0.0.1/24", "fd00::1/64"]),
            GatewayChassis(key: .fixed("r1-s1-c1"), chassisName: "c1", name: "r1-s1-c1", priority: 1),
            LogicalRouterStaticRoute(
                key: .fixed("route/1"), ipPrefix: "0.0.0.0/0", nexthop: "10.0.0.254", policy: .dstIp),
            NAT(key: .fixed("nat/1"), externalIp: "1.2.3.4", logicalIp: "10.0.0.0/24", type: .snat),
            PortGroup(
                key: .fixed("pg1"), acls: [RowRef(fixed: "acl/group")], name: "pg1", ports: [RowRef(fixed: "p1")]),
            ACL(
                key: .fixed("acl/group"), action: .allowRelated, direction: .toLport,
                match: "outport == @pg1 && ip4.src == $as1", priority: 1001),
            ACL(key: .fixed("acl/switch"), action: .drop, direction: .fromLport, match: "1", priority: 1),
            AddressSet(key: .fixed("as1"), addresses: ["10.0.0.5", "10.0.0.6"], name: "as1"),
            LoadBalancerGroup(key: .fixed("lbg"), loadBalancer: [RowRef(fixed: "lb/1")], name: "lbg"),
            LoadBalancer(key: .fixed("lb/1"), name: "lb", protocol: .tcp, vips: ["10.96.0.1:80": "10.0.0.5:8080"]),
            StaticMACBinding(
                key: .fixed("r1-s1 10.0.0.9"), ip: "10.0.0.9", logicalPort: "r1-s1", mac: "0a:00:00:00:00:09",
                overrideDynamicMac: true),
        ]
    }

    private func bench(_ rows: [any Row]) async throws -> OVSDBBench {
        let bench = try OVSDBBench(.northbound)
        for row in rows { bench.put(row) }
        await bench.apply()
        return bench
    }

    @Test func theFirstDeltaIsOneTransactionWithAllRowsAndReferences() async throws {
        let bench = try await bench(network())
        #expect(bench.refused == [:])
        #expect(bench.plane.statistics.transactions == 1)
        let server = bench.server
        #expect(try server.tool("--bare", "--columns=name", "list", "Logical_Switch_Port").contains("p1"))
        #expect(try server.tool("get", "Logical_Switch", "s1", "external_ids:ovenbird") == "s1")
        #expect(try server.tool("get", "Logical_Switch", "s1", "other_config:subnet") == "\"10.0.0.0/24\"")
        #expect(try server.tool("lr-nat-list", "r1").contains("1.2.3.4"))
        #expect(try server.tool("lr-route-list", "r1").contains("10.0.0.254"))
        #expect(try server.tool("acl-list", "s1").contains("drop"))
        #expect(try server.tool("--type=port-group", "acl-list", "pg1").contains("allow-related"))
        #expect(try server.tool("get", "Logical_Router_Port", "r1-s1", "gateway_chassis") != "[]")
        let port = try server.tool("get", "Logical_Switch_Port", "p1", "_uuid")
        #expect(try server.tool("get", "Port_Group", "pg1", "ports") == "[\(port)]")
        #expect(try server.tool("lb-list").contains("10.0.0.5:8080"))
    }

    @Test func aRestartWithNothingChangedWritesNothing() async throws {
        let bench = try await bench(network())
        let commits = try bench.server.commits()
        await bench.restart()
        await bench.apply()
        #expect(bench.plane.statistics.transactions == 0)
        #expect(try bench.server.commits() == commits)
        #expect(bench.repaired.isEmpty)
    }

    @Test func beforeTheFirstDeltaNothingIsWritten() async throws {
        let bench = try await bench(network())
        await bench.restart()
        await bench.until { if case .connected(_, true) = $0 { true } else { false } }
        _ = try await bench.database.transact([.comment("something to wait for")])
        #expect(bench.plane.statistics.transactions == 0)
        #expect(try bench.server.tool("ls-list").contains("s1"))
    }

    @Test func whatIsNoLongerDesiredAfterARestartGoesAndWhatIsForeignStays() async throws {
        let bench = try await bench(network())
        let server = bench.server
        try server.tool(
            "ls-add", "foreign", "--", "lsp-add", "s1", "foreign-port", "--", "pg-add", "foreign-group", "p1", "--",
            "lr-route-add", "r1", "192.0.2.0/24", "10.0.0.253", "--", "static-mac-binding-add", "r1-s1", "10.0.0.77",
            "0a:00:00:00:00:77")
        bench.removeAll()
        bench.put(AddressSet(key: .fixed("as2"), addresses: ["10.0.0.7"], name: "as2"))
        await bench.restart()
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try server.tool("--bare", "--columns=name", "list", "Logical_Switch") == "foreign")
        #expect(try server.tool("--bare", "--columns=name", "list", "Logical_Switch_Port") == "")
        #expect(try server.tool("--bare", "--columns=name", "list", "Port_Group") == "foreign-group")
        #expect(try server.tool("--bare", "--columns=name", "list", "Address_Set") == "as2")
        #expect(try server.tool("--bare", "--columns=_uuid", "list", "Load_Balancer_Group") == "")
        #expect(try server.tool("--bare", "--columns=ip", "list", "Static_MAC_Binding") == "10.0.0.77")
        #expect(try server.tool("--bare", "--columns=_uuid", "list", "ACL") == "")
        #expect(try server.tool("--bare", "--columns=_uuid", "list", "Logical_Router") == "")
    }

    @Test func anUntaggedRowOfTheSameNameIsAdopted() async throws {
        let bench = try OVSDBBench(.northbound)
        let server = bench.server
        try server.tool("ls-add", "s1", "--", "lsp-add", "s1", "p1", "--", "lsp-add", "s1", "p2")
        let before = try server.tool("get", "Logical_Switch", "s1", "_uuid")
        bench.put(
            LogicalSwitch(key: .fixed("s1"), name: "s1", ports: [RowRef(fixed: "p1")]),
            LogicalSwitchPort(key: .fixed("p1"), addresses: ["unknown"], name: "p1"))
        await bench.apply()
        #expect(try server.tool("get", "Logical_Switch", "s1", "_uuid") == before)
        #expect(try server.tool("get", "Logical_Switch_Port", "p1", "external_ids:ovenbird") == "p1")
        #expect(try server.tool("get", "Logical_Switch_Port", "p1", "addresses") == "[unknown]")
        // The column is ours as a whole now.
        #expect(try server.tool("--bare", "--columns=name", "list", "Logical_Switch_Port") == "p1")
    }

    @Test func aChangeOfALargeSetSendsOnlyTheDifference() async throws {
        let addresses = (0..<5000).map { "10.\($0 / 250).\($0 % 250).1" }
        let bench = try await bench([AddressSet(key: .fixed("as1"), addresses: addresses, name: "as1")])
        let before = bench.plane.statistics
        bench.put(AddressSet(key: .fixed("as1"), addresses: Array(addresses.dropFirst()) + ["192.0.2.1"], name: "as1"))
        await bench.apply()
        let after = bench.plane.statistics
        #expect(after.transactions == before.transactions + 1)
        #expect(after.operations == before.operations + 1)
        let last = try String(decoding: readFile("\(bench.server.directory)/db"), as: UTF8.self).split(separator: "\n")
            .last
        #expect((last?.utf8.count ?? .max) < 1000)
        let text = try bench.server.tool("get", "Address_Set", "as1", "addresses")
        #expect(text.contains("\"192.0.2.1\"") && !text.contains("\"10.0.0.1\""))
        #expect(text.split(separator: ",").count == 5000)
    }

    @Test func membersAndRowsComeAndGo() async throws {
        let bench = try await bench(network())
        bench.put(
            LogicalSwitch(
                key: .fixed("s1"), name: "s1", otherConfig: ["subnet": "10.0.1.0/24", "x": "y"],
                ports: [RowRef(fixed: "p2"), RowRef(fixed: "s1-r1")]),
            LogicalSwitchPort(key: .fixed("p2"), name: "p2"),
            PortGroup(
                key: .fixed("pg1"), acls: [RowRef(fixed: "acl/group")], name: "pg1", ports: [RowRef(fixed: "p2")]))
        bench.remove(
            LogicalSwitchPort(key: .fixed("p1")), ACL(key: .fixed("acl/switch")), NAT(key: .fixed("nat/1")),
            LoadBalancer(key: .fixed("lb/1")))
        await bench.apply()
        let server = bench.server
        #expect(bench.refused == [:])
        #expect(try server.tool("lsp-list", "s1").contains("(p2)"))
        #expect(try !server.tool("lsp-list", "s1").contains("(p1)"))
        #expect(try server.tool("acl-list", "s1") == "")
        #expect(try server.tool("get", "Logical_Switch", "s1", "other_config") == "{subnet=\"10.0.1.0/24\", x=y}")
        #expect(try server.tool("lr-nat-list", "r1") == "")
        #expect(try server.tool("lb-list") == "")
        await bench.restart()
        await bench.apply()
        #expect(bench.plane.statistics.transactions == 0)
    }

    @Test func aColumnThatNobodyContributesToGoesBackToNothing() async throws {
        let bench = try await bench([
            LogicalRouter(key: .fixed("r1"), enabled: false, name: "r1", options: ["a": "b"])
        ])
        bench.put(LogicalRouter(key: .fixed("r1"), name: "r1"))
        await bench.apply()
        #expect(try bench.server.tool("get", "Logical_Router", "r1", "enabled") == "[]")
        #expect(try bench.server.tool("get", "Logical_Router", "r1", "options") == "{}")
    }

    @Test func aRowWhoseKeyIsNotItsNameIsKnownByItsName() async throws {
        let rows: [any Row] = [
            LogicalSwitch(key: .fixed("s1"), loadBalancerGroup: [RowRef(fixed: "all/lbs")], name: "s1"),
            LoadBalancerGroup(key: .fixed("all/lbs"), name: "lbs"),
            PortGroup(key: .fixed("group/x"), name: "pgx"),
        ]
        let bench = try OVSDBBench(.northbound)
        try bench.server.tool("pg-add", "pgx")
        let before = try bench.server.tool("get", "Port_Group", "pgx", "_uuid")
        for row in rows { bench.put(row) }
        await bench.apply()
        #expect(bench.refused == [:])
        #expect(try bench.server.tool("get", "Port_Group", "pgx", "_uuid") == before)
        #expect(try bench.server.tool("get", "Logical_Switch", "s1", "load_balancer_group") != "[]")
        await bench.restart()
        await bench.apply()
        #expect(bench.plane.statistics.transactions == 0)
        try bench.server.tool("clear", "Logical_Switch", "s1", "load_balancer_group")
        await bench.untilRepaired()
        #expect(try bench.server.tool("get", "Logical_Switch", "s1", "load_balancer_group") != "[]")
        bench.put(LogicalSwitch(key: .fixed("s1"), name: "s1"))
        bench.remove(LoadBalancerGroup(key: .fixed("all/lbs")))
        await bench.restart()
        await bench.apply()
        #expect(try bench.server.tool("--bare", "--columns=name", "list", "Load_Balancer_Group") == "")
    }
}
