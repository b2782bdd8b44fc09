import Core
import Model
import ModuleHarness
import NameService
import Testing
import Vocabulary

@Suite("What the switch answers")
struct NameServiceTests {
    private var world: [any Kind] {
        [
            ClusterNetwork(
                families: [.v4, .v6],
                clusterSubnets: [
                    .init(net("10.244.0.0/16"), hostPrefix: 24), .init(net("fd00:10:244::/48"), hostPrefix: 64),
                ],
                serviceNetworks: [net("10.96.0.0/16"), net("fd00:10:96::/112")],
                joinSubnets: ByFamily(v4: net("100.64.0.0/16"), v6: net("fd98::/64")),
                transitSubnets: ByFamily(v4: net("100.88.0.0/16"), v6: net("fd97::/64")),
                masqueradeSubnets: ByFamily(v4: net("169.254.169.0/29"), v6: net("fd69::/125"))),
            local(.shared),
            service("kube-dns", in: "kube-system", "10.96.0.53", "fd00:10:96::53"),
            service("web", "10.96.0.10", "fd00:10:96::10"),
            LogicalPortOwner.port(by: ["10.244.1.1", "fd00:10:244:1::1"].compactMap { IPAddress($0) }),
        ]
    }

    private func local(_ mode: GatewayMode) -> LocalNode {
        LocalNode(nodeName: "n1", gateway: .init(mode: mode), datapath: .netdev)
    }

    private func service(_ name: String, in namespace: String = "shop", _ addresses: String...) -> Service {
        Service(namespace: namespace, name: name) { $0.clusterIPs = addresses }
    }

    private func pod(_ annotations: [String: String]) -> Pod {
        Pod(namespace: "shop", name: "guest", uid: "u", annotations: annotations, nodeName: "n1")
    }

    private func namespace(_ levels: String?) -> Namespace {
        Namespace(name: "shop", annotations: levels.map { ["ovenbird.io/native-dns": $0] } ?? [:])
    }

    private func harness(_ objects: any Kind...) throws -> NodeHarness {
        let node = try NodeHarness(NameServiceModule.self)
        try node.apply(world + objects)
        return node
    }

    @Test("gives a pod that asks its router, name server and more, and takes it back")
    func dhcp() throws {
        let node = try harness(pod(["ovenbird.io/dhcp": "true"]))
        let rows = node.rows(DHCPOptions.self)
        #expect(rows.count == 2)
        let v4 = try #require(rows.first { $0["cidr"] == "10.244.1.0/24" }?.map("options"))
        #expect(v4["router"] == "10.244.1.1" && v4["dns_server"] == "{10.96.0.53}" && v4["mtu"] == "1400")
        #expect(v4["hostname"] == "\"guest\"" && v4["server_id"] != nil && v4["server_mac"] != nil)
        let v6 = try #require(rows.first { $0["cidr"] == "fd00:10:244:1::/64" }?.map("options"))
        #expect(v6["fqdn"] == nil && v6["router"] == nil && v6["dns_server"] == "{fd00:10:96::53}")
        try node.apply(pod([:]))
        #expect(node.rows.isEmpty)
    }

    /// The pod with the same port, as KubeVirt would have it.
    private var launcher: Pod {
        var pod = pod(["kubevirt.io/allow-pod-bridge-network-live-migration": ""])
        pod.labels = ["kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "vm"]
        return pod
    }

    @Test("tells a virtual machine nothing of the node that it is on")
    func guest() throws {
        let node = try harness(launcher)
        try node.apply(LogicalPortOwner.port(by: Family.allCases.map { GuestGateway.address($0) }))
        let rows = node.rows(DHCPOptions.self)
        #expect(Set(rows.map { $0["cidr"] }) == ["10.244.1.5/32", "fd00:10:244:1::5/128"])
        let v4 = try #require(rows.first { $0["cidr"] == "10.244.1.5/32" })
        #expect(v4.map("options")["router"] == "169.254.1.1" && v4.map("options")["hostname"] == "\"vm\"")
        #expect(
            v4.map("options")["classless_static_route"] == "{169.254.1.1/32,0.0.0.0, 0.0.0.0/0,169.254.1.1}")
        #expect(v4.map("external_ids")["k8s.ovn.org/owner-type"] == "VirtualMachine")
        #expect(v4.map("external_ids")["k8s.ovn.org/name"] == "shop/vm")
    }

    @Test("shows those that ask a router that is the same on every node, while any asks")
    func router() throws {
        let asking = pod(["ovenbird.io/dhcp": "true"])
        let node = try harness(launcher, asking)
        let router = try #require(node.row(LogicalRouterPort.self, "rtog-n1"))
        #expect(router["mac"] == "0a:58:a9:fe:01:01")
        #expect(router.members("networks") == ["169.254.1.1/32", "fd69:a9fe:101::1/128"])
        #expect(router.map("ipv6_ra_configs")["address_mode"] == "dhcpv6_stateful")
        #expect(node.row(LogicalSwitchPort.self, "gtor-n1")?.members("addresses") == ["router"])
        #expect(node.members(Topology.router.ports) == ["rtog-n1"])
        #expect(node.members(Topology.localSwitch("n1").ports) == ["gtor-n1"])
        #expect(node.row(LogicalRouterPort.self, "rtos-n1") == nil)
        try node.apply(pod([:]))
        #expect(node.row(LogicalRouterPort.self, "rtog-n1") == nil)
        #expect(node.members(Topology.localSwitch("n1").ports).isEmpty)
    }

    @Test("gives nothing to a pod that does not ask, or asks in other words")
    func dhcpOff() throws {
        #expect(try harness(pod(["ovenbird.io/dhcp": "false"])).rows(DHCPOptions.self).isEmpty)
        let node = try harness(pod(["ovenbird.io/dhcp": "yes"]))
        #expect(node.rows(DHCPOptions.self).isEmpty)
        #expect(node.problems.map(\.reason) == ["BadAnnotation"])
    }

    @Test("knows the services of a namespace that asks, both ways")
    func services() throws {
        let node = try harness(namespace("services"))
        let records = try #require(node.rows(DNS.self).first?.map("records"))
        #expect(records["web.shop.svc.cluster.local"] == "10.96.0.10 fd00:10:96::10")
        #expect(records["10.0.96.10.in-addr.arpa"] == "web.shop.svc.cluster.local")
        let digits = "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f"
        #expect(records["\(digits).ip6.arpa"] == "web.shop.svc.cluster.local")
        #expect(records.keys.allSatisfy { !$0.contains("kube-dns") && !$0.contains("pod") })
        #expect(node.rows(ACL.self).map { $0["tier"] } == ["2", "2", "2", "2"])
        try node.apply(namespace(nil))
        #expect(node.rows.isEmpty)
    }

    @Test("leaves queries on their way where no gateway router leads to the server, or nothing is known")
    func withoutGateway() throws {
        let node = try harness(namespace("services"))
        try node.apply(local(.disabled))
        #expect(node.rows(DNS.self).count == 1 && node.rows(ACL.self).isEmpty)
        let empty = try harness(namespace("headless"))
        #expect(empty.rows.isEmpty)
    }

    @Test("knows endpoints and pods only where they are asked for")
    func more() throws {
        var headless = service("db")
        headless.clusterIPs = ["None"]
        let slice = EndpointSlice(
            namespace: "shop", name: "db", service: "db", ports: [],
            endpoints: [.init(["10.244.1.9"], hostname: "db-0"), .init(["10.244.1.8"], ready: false)])
        let node = try harness(namespace("services"), headless, slice)
        #expect(node.rows(DNS.self).first?.map("records")["db.shop.svc.cluster.local"] == nil)
        try node.apply(namespace("headless, pods"))
        let records = try #require(node.rows(DNS.self).first?.map("records"))
        #expect(records["db.shop.svc.cluster.local"] == "10.244.1.9")
        #expect(records["db-0.db.shop.svc.cluster.local"] == "10.244.1.9")
        #expect(records["10-244-1-5.shop.pod.cluster.local"] == "10.244.1.5")
        #expect(records["web.shop.svc.cluster.local"] == nil)
    }

    @Test(
        "leaves out a name that no query can match, and says so",
        arguments: ["Web", String(repeating: "a", count: 254 - ".shop.svc.cluster.local".count)])
    func badName(name: String) throws {
        let node = try harness(namespace("services"), service(name, "10.96.0.11"), service("good", "10.96.0.12"))
        let records = try #require(node.rows(DNS.self).first).map("records")
        #expect(!records.keys.contains { $0.hasPrefix(name) } && !records.values.contains { $0.hasPrefix(name) })
        #expect(records["good.shop.svc.cluster.local"] == "10.96.0.12")
        #expect(node.row(ObjectStatus.self, "Namespace/shop")?.members("events").count == 1)
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        try ModuleLaws.check(
            NameServiceModule.self,
            world + [pod(["ovenbird.io/dhcp": "true"]), namespace("services,headless,pods")],
            broken: [pod(["ovenbird.io/dhcp": "maybe"]), namespace("everything")])
        try ModuleLaws.check(NameServiceModule.self, world + [launcher])
    }
}

private enum LogicalPortOwner {
    static func port(by gateways: [IPAddress]) -> PodPort {
        PodPort(
            namespace: "shop", name: "guest", labels: [:], uid: "u", node: "n1", isLocal: true,
            addresses: [net("10.244.1.5/24"), net("fd00:10:244:1::5/64")], mac: MACAddress(number: 5),
            gateways: gateways)
    }
}

/// A network of a test; a misspelt one is recorded as an issue.
private func net(_ text: String) -> IPNetwork {
    guard let network = IPNetwork(text) else {
        Issue.record("\(text) is no network")
        return .everything(.v4)
    }
    return network
}
