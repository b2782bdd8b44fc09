import Core
import Model
import ModuleHarness
import Services
import Testing
import Vocabulary

@Suite("A service")
struct ServiceTests {
    private let world = Surroundings()

    private func harness(_ objects: any Kind...) throws -> NodeHarness {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + objects)
        return node
    }

    @Test("has one row for the addresses of both families, on switch and router")
    func clusterIP() throws {
        let node = try harness(world.service(), world.slices()[0], world.slices()[1])
        #expect(node.rows(LoadBalancer.self).map(\.key) == ["Service_shop/web_TCP_cluster"])
        #expect(
            vips(node, "web_TCP_cluster") == [
                "10.96.0.10:80": "10.244.1.5:8080,10.244.2.7:8080",
                "[fd00:10:96::10]:80": "[fd00:10:244:1::5]:8080,[fd00:10:244:2::7]:8080",
            ])
        #expect(node.members(RowRef<LoadBalancerGroup>(fixed: "clusterLBGroup").loadBalancer).count == 1)
        #expect(node.rows(Flow.self).allSatisfy { $0["priority"] == "510" }, "no way in from outside")
    }

    @Test("moves to the row that refuses with its own address when nobody answers, and back")
    func empty() throws {
        let node = try harness(world.service())
        #expect(vips(node, "web_TCP_node_empty_router_n1") == ["10.96.0.10:80": "", "[fd00:10:96::10]:80": ""])
        #expect(vips(node, "web_TCP_node_switch_n1") == ["10.96.0.10:80": "", "[fd00:10:96::10]:80": ""])
        let row = node.row(LoadBalancer.self, "Service_shop/web_TCP_node_empty_router_n1")
        #expect(row?.map("options")["skip_snat"] == "true" && row?.map("options")["reject"] == "true")
        try node.apply(world.slices())
        #expect(node.rows(LoadBalancer.self).map(\.key) == ["Service_shop/web_TCP_cluster"])
    }

    @Test("leads to ready endpoints; to those that end but serve only while none is ready")
    func conditions() throws {
        let ready = EndpointSlice.Endpoint(["10.244.1.5"])
        let ending = EndpointSlice.Endpoint(["10.244.1.6"], ready: false, serving: true, terminating: true)
        let starting = EndpointSlice.Endpoint(["10.244.1.7"], ready: false)
        let node = try harness(world.service(), world.slice("web", ready, ending, starting))
        #expect(vips(node, "web_TCP_cluster")["10.96.0.10:80"] == "10.244.1.5:8080")
        try node.apply(world.slice("web", ending, starting))
        #expect(vips(node, "web_TCP_cluster")["10.96.0.10:80"] == "10.244.1.6:8080")
        try node.apply(world.slice("web", starting))
        #expect(vips(node, "web_TCP_cluster")["10.96.0.10:80"] == nil)
        try node.apply(world.service { $0.publishNotReadyAddresses = true })
        #expect(vips(node, "web_TCP_cluster")["10.96.0.10:80"] == "10.244.1.7:8080")
    }

    @Test("has the backends of all slices, also with two target ports, each once, in one order")
    func severalSlices() throws {
        let node = try harness(
            world.service(), world.slice("web", .init(["10.244.2.9"]), .init(["10.244.1.5"])),
            world.slice("web", .init(["10.244.1.5"]), port: 8081))
        #expect(vips(node, "web_TCP_cluster")["10.96.0.10:80"] == "10.244.1.5:8080,10.244.1.5:8081,10.244.2.9:8080")
    }

    @Test("leads to no port of a slice that is none, says so, and serves the others", arguments: [0, -1, 70_000, nil])
    func badEndpointPort(number: Int?) throws {
        var slice = world.slices()[0]
        slice.ports += [.init(number, name: "http"), .init(8081, name: "http")]
        let node = try harness(world.service { $0.clusterIPs = ["10.96.0.10"] }, slice)
        #expect(
            vips(node, "web_TCP_cluster") == [
                "10.96.0.10:80": "10.244.1.5:8080,10.244.1.5:8081,10.244.2.7:8080,10.244.2.7:8081"
            ])
        let word = number.map { "\($0) is not from 1 to 65535" } ?? "it says no port"
        #expect(events(node) == [": EndpointSlice web-v4: port named http: \(word)"])
    }

    @Test("keeps the client's address and local endpoints on the router when the external policy is Local")
    func externalLocal() throws {
        let local = world.service {
            $0.type = .nodePort
            $0.ports[0].nodePort = 30080
            $0.externalPolicy = .local
        }
        let node = try harness(local, world.slices()[0], world.slices()[1])
        let row = node.row(LoadBalancer.self, "Service_shop/web_TCP_node_local_router_n1")
        #expect(row?.map("vips")["172.30.0.1:30080"] == "10.244.1.5:8080")
        #expect(row?.map("options")["skip_snat"] == "true")
        #expect(vips(node, "web_TCP_node_switch_n1")["172.30.0.1:30080"] == "10.244.1.5:8080,10.244.2.7:8080")
        try node.apply(
            world.service {
                $0.type = .nodePort; $0.ports[0].nodePort = 30080
            })
        #expect(node.row(LoadBalancer.self, "Service_shop/web_TCP_node_local_router_n1") == nil)
        #expect(vips(node, "web_TCP_node_router+switch_n1")["172.30.0.1:30080"] == "10.244.1.5:8080,10.244.2.7:8080")
    }

    @Test("has only local endpoints on the switch when the internal policy is Local")
    func internalLocal() throws {
        let node = try harness(
            world.service { $0.internalPolicy = .local }, world.slice("web", .init(["10.244.2.7"], node: "n2")))
        #expect(vips(node, "web_TCP_node_switch_n1")["10.96.0.10:80"] == "")
        #expect(vips(node, "web_TCP_node_router_n1")["10.96.0.10:80"] == "10.244.2.7:8080")
    }

    @Test("reaches the host by its masquerade address on the router, where its own is the router's too")
    func hostEndpoint() throws {
        let node = try harness(world.service(), world.slice("web", .init(["172.30.0.1"], node: "n1")))
        #expect(vips(node, "web_TCP_node_router_n1")["10.96.0.10:80"] == "169.254.169.2:8080")
        #expect(vips(node, "web_TCP_node_switch_n1")["10.96.0.10:80"] == "172.30.0.1:8080")
    }

    @Test("leads a node port past the host only for the node's own addresses")
    func nodePortFlows() throws {
        let ports = world.service {
            $0.type = .nodePort; $0.ports[0].nodePort = 30080
        }
        let node = try harness(ports, world.slices()[0])
        let matches = node.rows(Flow.self).filter { $0["priority"] == "110" }.compactMap { $0["match"] }
        #expect(matches.contains("in_port=e0,tcp,nw_dst=172.30.0.1,tp_dst=30080"))
        #expect(matches.allSatisfy { $0.contains("172.30.0.1") || $0.contains("fd30::1") })
        #expect(
            node.row(NetfilterSet.self, "inet service-ports-v4")?.members("elements")
                == ["tcp . 30080 : 10.96.0.10 . 80"])
        try node.remove(ports)
        #expect(node.rows(Flow.self).allSatisfy { $0["priority"] == "510" })
    }

    @Test("leaves an endpoint of the host to the host where the external policy is Local and no pod answers here")
    func hostEndpointLocal() throws {
        let ports = world.service {
            $0.type = .loadBalancer
            $0.ports[0].nodePort = 30080
            $0.externalPolicy = .local
            $0.ingress = [.init("172.31.1.3")]
        }
        let onHost = EndpointSlice.Endpoint(["172.30.0.1"], node: "n1")
        let node = try harness(ports, world.slice("web", onHost, .init(["10.244.2.7"], node: "n2")))
        func flows() -> [String] {
            node.rows(Flow.self).filter { $0["priority"] == "110" }.compactMap { $0["match"] }
        }
        func elements() -> [String] { node.row(NetfilterSet.self, "inet service-own-v4")?.members("elements") ?? [] }
        #expect(!flows().contains { $0.contains("nw_dst=172.30.0.1") || $0.contains("172.31.1.3") })
        #expect(
            elements() == [
                "172.30.0.1 . tcp . 30080 : 172.30.0.1 . 8080", "172.31.1.3 . tcp . 80 : 172.30.0.1 . 8080",
            ])
        // A pod of the node takes outside clients, too.
        try node.apply(world.slice("web", onHost, .init(["10.244.1.5"], node: "n1")))
        #expect(flows().contains("in_port=e0,tcp,nw_dst=172.30.0.1,tp_dst=30080") && elements().isEmpty)
        try node.apply(world.slice("web", .init(["172.30.0.2"], node: "n2")))
        #expect(elements().isEmpty)
    }

    @Test(
        "has no rows when it is not ours to serve, nor when it ceases to be",
        arguments: ["headless", "external name", "other proxy"])
    func notOurs(what: String) throws {
        let other = world.service {
            switch what {
            case "headless": $0.clusterIPs = ["None"]
            case "external name": $0.type = .externalName
            default: $0.labels["service.kubernetes.io/service-proxy-name"] = "other"
            }
        }
        let node = try harness(other, world.slices()[0])
        #expect(node.rows(LoadBalancer.self).isEmpty)
        try node.apply(world.service { _ in })
        #expect(!node.rows(LoadBalancer.self).isEmpty)
        try node.apply(other)
        #expect(node.rows(LoadBalancer.self).isEmpty)
        #expect(events(node).isEmpty)
    }

    @Test("serves what is right of it and says what is not")
    func badInput() throws {
        let node = try harness(
            world.service {
                $0.type = .loadBalancer
                $0.ports += [.init(0), .init(70_000), .init(81, transport: "ICMP")]
                $0.externalIPs = ["172.30.0.1", "172.30.0.2", "nonsense", "172.31.1.1"]
                $0.ingress = [.init(""), .init("172.31.1.2", mode: "Proxy"), .init("172.31.1.3")]
            }, world.slices()[0])
        #expect(
            vips(node, "web_TCP_cluster").keys.sorted() == ["10.96.0.10:80", "172.31.1.1:80", "172.31.1.3:80"])
        for word in [
            "port: 0 is", "port: 70000 is", "ICMP", "172.30.0.1 is an address of node n1",
            "172.30.0.2 is an address of node n2", "nonsense",
        ] {
            #expect(events(node).contains { $0.contains(word) }, "\(word)")
        }
    }

    @Test(
        "takes no external address that the cluster or a node uses, and says so",
        arguments: [
            "10.244.1.5", "10.96.0.50", "100.64.0.2", "100.88.0.2", "169.254.169.2", "fd00:10:244:1::5",
            "fd00:10:96::50", "172.30.0.9",
        ])
    func takenAddress(text: String) throws {
        var world = world
        world.more = [net("172.30.0.9/24")]
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + [world.service { $0.externalIPs = [text] }] + world.slices())
        #expect(vips(node, "web_TCP_cluster").keys.sorted() == ["10.96.0.10:80", "[fd00:10:96::10]:80"])
        #expect(events(node).count == 1 && events(node).allSatisfy { $0.contains("externalIPs: \(text) ") })
    }

    @Test(
        "has no cluster address that belongs to pods, routers or nobody, says so, and keeps the other",
        arguments: [
            "10.244.1.5", "100.64.0.2", "100.88.0.2", "169.254.169.5", "127.0.0.1", "224.0.0.1", "0.0.0.0",
        ])
    func takenClusterAddress(text: String) throws {
        let node = try harness(
            world.service {
                $0.type = .nodePort
                $0.clusterIPs[0] = text
                $0.ports[0].nodePort = 30080
            }, world.slices()[0], world.slices()[1])
        let fronts = node.rows(LoadBalancer.self).flatMap { $0.map("vips").keys }.sorted()
        #expect(fronts == ["[fd00:10:96::10]:80", "[fd30::1]:30080"])
        #expect(events(node).contains { $0.hasPrefix("spec.clusterIPs: \(text) ") }, "\(events(node))")
        #expect(!node.text.contains(text + ":80") && !node.text.contains(" \(text) . "))
    }

    @Test("has no address of a node as its own, and says so when it has none", arguments: [["172.30.0.2"], []])
    func noAddress(own: [String]) throws {
        let node = try harness(world.service { $0.clusterIPs = own }, world.slices()[0])
        #expect(node.rows(LoadBalancer.self).isEmpty)
        let words = own.isEmpty ? "there is none" : "172.30.0.2 is an address of node n2"
        #expect(events(node).count == 1 && events(node).allSatisfy { $0.contains(words) }, "\(events(node))")
    }

    @Test("lets nobody in by a source range that is none, and says so")
    func badSourceRange() throws {
        let node = try harness(
            world.service {
                $0.type = .loadBalancer
                $0.ingress = [.init("172.31.1.3")]
                $0.sourceRanges = ["10.0.0.0/33", " 192.0.2.0/24"]
            }, world.slices()[0])
        #expect(events(node).count { $0.contains("\"10.0.0.0/33\" is not a network") } == 1)
        let matches = node.rows(Flow.self).compactMap { $0["match"] }.filter { $0.contains("nw_dst=172.31.1.3,tp_dst") }
        #expect(matches.count == 2 && matches.count { $0.contains("nw_src=192.0.2.0/24") } == 1, "\(matches)")
    }

    @Test("keeps strangers from an address of its load balancer that is written as an external one, too")
    func restrictedExternal() throws {
        let node = try harness(
            world.service {
                $0.type = .loadBalancer
                $0.externalIPs = ["172.31.1.3", "172.31.1.4", "172.31.1.3"]
                $0.ingress = [.init("172.31.1.3"), .init("172.31.1.3")]
                $0.sourceRanges = ["192.0.2.0/24"]
            }, world.slices()[0])
        func flows(_ address: String) -> [String] {
            node.rows(Flow.self).filter { $0["match"]?.contains("in_port=e0,tcp,nw_dst=\(address),") == true }
                .map { "\($0["match"]?.split(separator: ",").last ?? "") \($0["actions"]?.prefix(4) ?? "")" }.sorted()
        }
        #expect(flows("172.31.1.3") == ["nw_src=192.0.2.0/24 outp", "tp_dst=80 drop"])
        #expect(flows("172.31.1.4") == ["tp_dst=80 outp"])
        #expect(node.problems.isEmpty && vips(node, "web_TCP_cluster").count == 3)
    }

    @Test("is closed to strangers too where only the host's own processes answer")
    func restrictedHost() throws {
        let node = try harness(
            world.service {
                $0.type = .loadBalancer
                $0.externalPolicy = .local
                $0.ingress = [.init("172.31.1.3")]
                $0.sourceRanges = ["128.0.0.0/1", "64.0.0.0/2"]
            }, world.slice("web", .init(["172.30.0.1"], node: "n1")))
        let flows = node.rows(Flow.self).filter { $0["match"]?.contains("nw_dst=172.31.1.3,tp_dst") == true }
        #expect(flows.map { $0["actions"] } == ["drop"])
        #expect(flows.first?["match"]?.hasSuffix(",nw_src=0.0.0.0/2") == true, "\(flows.map { $0["match"] })")
        #expect(flows.first?["priority"] == "110")
    }

    @Test("loses what an older service has, and gets it when that one goes")
    func conflict() throws {
        func wanting(_ name: String, _ created: String) -> Service {
            world.service(name) {
                $0.created = created
                $0.type = .nodePort
                $0.clusterIPs = [name == "old" ? "10.96.0.20" : "10.96.0.21"]
                $0.ports[0].nodePort = 30080
            }
        }
        let node = try harness(
            wanting("new", "2026-01-02T00:00:00Z"), wanting("old", "2026-01-01T00:00:00Z"),
            world.slice("old", .init(["10.244.1.5"])), world.slice("new", .init(["10.244.1.6"])))
        #expect(vips(node, "old_TCP_node_router+switch_n1")["172.30.0.1:30080"] == "10.244.1.5:8080")
        #expect(vips(node, "new_TCP_node_router+switch_n1").isEmpty)
        #expect(vips(node, "new_TCP_cluster")["10.96.0.21:80"] == "10.244.1.6:8080")
        #expect(events(node, "new").contains { $0.contains("shop/old") })
        try node.remove([Service.id("shop", "old")])
        #expect(vips(node, "new_TCP_node_router+switch_n1")["172.30.0.1:30080"] == "10.244.1.6:8080")
        #expect(events(node, "new").isEmpty)
    }

    @Test("says of an SCTP port that the userspace datapath cannot translate", arguments: [Datapath.netdev, .system])
    func untranslated(datapath: Datapath) throws {
        let world = Surroundings(datapath: datapath)
        let node = try NodeHarness(ServicesModule.self)
        let slice = EndpointSlice(
            namespace: "shop", name: "s", service: "web", ports: [.init(8080, name: "http", transport: "SCTP")],
            endpoints: [.init(["10.244.1.5"])])
        func service(_ port: Int) -> Service {
            world.service { $0.ports = [.init(port, name: "http", transport: "SCTP")] }
        }
        try node.apply(world.all + [service(80), slice])
        #expect(node.problems.map(\.reason) == (datapath == .netdev ? ["UntranslatedPort"] : []))
        #expect(node.row(LoadBalancer.self, "Service_shop/web_SCTP_cluster")?.map("vips")["10.96.0.10:80"] != nil)
        try node.apply(service(8080))
        #expect(node.problems.isEmpty)
    }

    @Test("changes one row when an endpoint changes")
    func smallChange() throws {
        let node = try harness(
            world.service(), world.slices()[0], world.service("other") { $0.clusterIPs = ["10.96.0.9"] })
        node.engine.apply(
            .changes(feed: "harness", [.put(world.slice("web", .init(["10.244.1.99"])))], lane: .bulk))
        let changes = node.run().flatMap(\.rows)
        #expect(changes.map(\.row.key) == ["Service_shop/web_TCP_cluster"])
        #expect(changes.first?.columns.count == 1)
    }

    @Test("spreads by the engine's own hash where the kernel forwards", arguments: [Datapath.netdev, .system])
    func hashing(datapath: Datapath) throws {
        let world = Surroundings(datapath: datapath)
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + [world.service(), world.slices()[0]])
        let row = node.row(LoadBalancer.self, "Service_shop/web_TCP_cluster")
        #expect(row?.members("selection_fields").isEmpty == (datapath == .system))
    }
}
