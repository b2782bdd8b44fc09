import Core
import Model
import ModuleHarness
import Services
import Testing

@Suite("What is said of a service")
struct ServiceDescriptionTests {
    private let world = Surroundings()

    private func description(_ objects: any Kind...) throws -> Description {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + objects)
        return try #require(node.description(of: Service.id("shop", "web")))
    }

    private func sheet(_ description: Description, _ title: String) -> [[String]] {
        description.sheets.first { $0.title == title }?.rows ?? []
    }

    @Test("is where each address leads, for pods here and for others")
    func ways() throws {
        let said = try description(
            world.service {
                $0.type = .nodePort
                $0.clusterIPs = ["10.96.0.10"]
                $0.ports[0].nodePort = 30080
                $0.externalPolicy = .local
                $0.affinity = .clientIP
                $0.affinityTimeout = 600
            }, world.slice("web", .init(["10.244.1.5"], node: "n1"), .init(["10.244.2.7"], node: "n2")))
        #expect(
            said.headline == ["NodePort", "10.96.0.10", "external policy Local", "clients stay until 600 s of silence"])
        #expect(
            sheet(said, "LEADS TO") == [
                [
                    "tcp 10.96.0.10:80", "all", "10.244.1.5:8080 10.244.2.7:8080",
                    "Service_shop/web_TCP_cluster",
                ],
                [
                    "tcp 172.30.0.1:30080", "pods here", "10.244.1.5:8080 10.244.2.7:8080",
                    "Service_shop/web_TCP_node_switch_n1",
                ],
                [
                    "tcp 172.30.0.1:30080", "others", "10.244.1.5:8080",
                    "Service_shop/web_TCP_node_local_router_n1",
                ],
            ])
    }

    @Test("is what becomes of each endpoint, and why")
    func endpoints() throws {
        let said = try description(
            world.service { $0.clusterIPs = ["10.96.0.10"] },
            world.slice(
                "web", .init(["10.244.1.5"], node: "n1"), .init(["10.244.1.6"], ready: false),
                .init(["10.244.1.7"], ready: false, serving: true, terminating: true),
                .init(["10.244.1.8"], ready: false, serving: false, terminating: true)))
        #expect(
            sheet(said, "ENDPOINTS").map { [$0[1], $0[3], $0[4]] } == [
                ["10.244.1.5:8080", "yes", "ready"], ["10.244.1.6:8080", "no", "not ready"],
                ["10.244.1.7:8080", "no", "ends, and others are ready"],
                ["10.244.1.8:8080", "no", "ends, and does not serve"],
            ])
        let empty = try description(world.service { $0.clusterIPs = ["10.96.0.10"] })
        #expect(empty.notes == ["there is no EndpointSlice of this service"])
        #expect(sheet(empty, "LEADS TO").allSatisfy { $0[2] == "none: refused" } && sheet(empty, "LEADS TO").count == 2)
    }

    @Test("is why an endpoint gets nothing though it answers")
    func hints() throws {
        let said = try description(
            world.service {
                $0.clusterIPs = ["10.96.0.10"]
                $0.trafficDistribution = "PreferSameNode"
            },
            world.slice(
                "web", .init(["10.244.1.5"], forNodes: ["n1"]), .init(["10.244.2.7"], forNodes: ["n2"]),
                .init(["10.244.2.8"]), .init(["10.244.1.9"], ready: false, forNodes: ["n1"])))
        #expect(
            sheet(said, "ENDPOINTS").map { [$0[1], $0[3], $0[4]] } == [
                ["10.244.1.5:8080", "yes", "ready"], ["10.244.1.9:8080", "no", "not ready"],
                ["10.244.2.7:8080", "no", "hinted at other nodes or zones"],
                ["10.244.2.8:8080", "no", "others are hinted at this node or its zone"],
            ])
    }

    @Test("is why a slice's port leads nowhere")
    func astray() throws {
        func slice(_ name: String, _ port: EndpointSlice.Port, _ type: String = "IPv4") -> EndpointSlice {
            EndpointSlice(
                namespace: "shop", name: name, service: "web", addressType: type, ports: [port],
                endpoints: [.init(["10.244.1.5"])])
        }
        let said = try description(
            world.service { $0.clusterIPs = ["10.96.0.10"] }, slice("a", .init(8080, name: "metrics")),
            slice("b", .init(8080)), slice("c", .init(8080, name: "http", transport: "UDP")),
            slice("d", .init(70_000, name: "http")), slice("e", .init(nil, name: "http")),
            slice("f", .init(8080, name: "http"), "FQDN"))
        #expect(
            sheet(said, "ENDPOINTS").map { [$0[0], $0[1], $0[4]] } == [
                ["tcp 8080", "all of EndpointSlice a", "the service has no TCP port named metrics"],
                ["tcp 8080", "all of EndpointSlice b", "the service has no TCP port without a name"],
                ["udp 8080", "all of EndpointSlice c", "the service has no UDP port named http"],
                ["tcp 70000", "all of EndpointSlice d", "70000 is not from 1 to 65535"],
                ["tcp -", "all of EndpointSlice e", "it says no port"],
                ["tcp 8080", "all of EndpointSlice f", "names and addresses of type FQDN are not followed"],
            ])
    }

    @Test("is that an endpoint here is used only where a policy is Local")
    func localOnly() throws {
        let said = try description(
            world.service {
                $0.type = .nodePort
                $0.clusterIPs = ["10.96.0.10"]
                $0.ports[0].nodePort = 30080
                $0.externalPolicy = .local
            },
            world.slice(
                "web", .init(["10.244.1.5"], ready: false, serving: true, terminating: true, node: "n1"),
                .init(["10.244.2.7"], node: "n2")))
        #expect(sheet(said, "LEADS TO").last?[2] == "10.244.1.5:8080")
        #expect(
            sheet(said, "ENDPOINTS").first.map { [$0[3], $0[4]] } == [
                "yes", "ends, but no other is ready; only where a policy is Local: ends, and others are ready",
            ])
    }

    /// An endpoint is called used just when a row, or the host, leads to it.
    @Test("is what the rows say", arguments: [Service.Policy.cluster, .local], [Service.Policy.cluster, .local])
    func sameAsRows(external: Service.Policy, internal: Service.Policy) throws {
        let endpoints: [EndpointSlice.Endpoint] = [
            .init(["10.244.1.5"], ready: false, serving: true, terminating: true, node: "n1", forNodes: ["n2"]),
            .init(["10.244.1.6"], ready: false, node: "n1"), .init(["10.244.2.7"], node: "n2", forNodes: ["n2"]),
            .init(["10.244.2.8"], forZones: ["b"]), .init(["172.30.0.1"], node: "n1", forNodes: ["n2"]),
            .init(["10.244.2.9"], ready: false, serving: true, terminating: true, node: "n2", forNodes: ["n1"]),
        ]
        for distribution in ["", "PreferSameNode"] {
            for some in 1..<(1 << endpoints.count) {
                let node = try NodeHarness(ServicesModule.self)
                node.isValidating = false
                var slice = world.slice("web")
                slice.endpoints = endpoints.indices.filter { some & (1 << $0) != 0 }.map { endpoints[$0] }
                try node.apply(
                    world.all + [
                        world.service {
                            $0.type = .nodePort
                            $0.clusterIPs = ["10.96.0.10"]
                            $0.ports[0].nodePort = 30080
                            $0.externalPolicy = external
                            $0.internalPolicy = `internal`
                            $0.trafficDistribution = distribution
                        }, slice,
                    ])
                var led = Set(
                    node.rows(LoadBalancer.self).flatMap { $0.map("vips").values }
                        .flatMap { $0.split(separator: "," as Character).map { String($0) } })
                if led.remove("169.254.169.2:8080") != nil { led.insert("172.30.0.1:8080") }
                let host = node.row(NetfilterSet.self, "inet service-own-v4")?.members("elements") ?? []
                if host.contains(where: { $0.hasSuffix("172.30.0.1 . 8080") }) { led.insert("172.30.0.1:8080") }
                let said = try #require(node.description(of: Service.id("shop", "web")))
                let used = sheet(said, "ENDPOINTS").filter { $0[3] == "yes" }
                #expect(Set(used.map { $0[1] }) == led, "\(distribution) \(slice.endpoints)")
                #expect(used.allSatisfy { !$0[4].hasPrefix("not ") && !$0[4].hasPrefix("hinted") })
            }
        }
    }

    @Test("is why there is nothing to say, when it is not ours to serve")
    func notOurs() throws {
        let headless = try description(world.service { $0.clusterIPs = ["None"] })
        #expect(headless.headline == ["ClusterIP", "headless: clients find the endpoints by name"])
        let other = try description(
            world.service { $0.labels["service.kubernetes.io/service-proxy-name"] = "cilium" })
        #expect(other.headline.last == "served by cilium, not by Ovenbird" && other.sheets.isEmpty)
    }
}
