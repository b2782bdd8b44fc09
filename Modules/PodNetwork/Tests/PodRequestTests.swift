import Core
import Model
import ModuleHarness
import PodNetwork
import Testing
import Vocabulary

@Suite("What a pod asks of its network")
struct PodRequestTests {
    let world = Surroundings()

    private func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(PodNetworkModule.self)
        try harness.apply(world.all + more)
        return harness
    }

    private func pod(_ name: String, _ annotations: [String: String]) -> Pod {
        world.pod(name) { $0.annotations = annotations }
    }

    private func attachment(_ pod: String) -> Model.Attachment {
        Model.Attachment(
            sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: pod,
            podUID: "uid-\(pod)")
    }

    @Test(
        "bandwidths are read as Kubernetes writes quantities",
        arguments: [("10M", 10_000_000), ("1.5k", 1500), ("1Mi", 1_048_576), ("2e6", 2_000_000), ("1P", Int(1e15))])
    func bandwidth(text: String, rate: Int) throws {
        let limits = [AnnotationKey.ingressBandwidth: text, AnnotationKey.egressBandwidth: text]
        let node = try harness(pod("web", limits), attachment("web"))
        #expect(node.rows(VSwitchQoS.self).map { $0.map("other_config") } == [["max-rate": "\(rate)"]])
        #expect(node.rows(PodLink.self).map { $0["egress_rate"] } == ["\(rate)"])
        try node.apply(world.pod("web"))
        #expect(node.rows(VSwitchQoS.self).isEmpty)
        #expect(node.rows(PodLink.self).map { $0["egress_rate"] } == [nil])
    }

    @Test(
        "a bandwidth that makes no sense is refused at its field, and the pod gets no port",
        arguments: [
            ("10", "unreasonably small"), ("2P", "unreasonably large"), ("abc", "not a quantity"), ("-1M", "not"),
        ])
    func badBandwidth(text: String, words: String) throws {
        let node = try harness(pod("web", [AnnotationKey.egressBandwidth: text]))
        #expect(node.problems.map(\.reason) == ["BadBandwidth"])
        #expect(node.problems.first?.message.contains(words) == true)
        #expect(node.problems.first?.field.contains(AnnotationKey.egressBandwidth) == true)
        #expect(node.row(LogicalSwitchPort.self, "shop_web") == nil)
    }

    private func wish(_ ips: String, mac: String = "02:00:00:00:00:77") -> [String: String] {
        [
            AnnotationKey.defaultNetwork:
                #"[{"name":"default","namespace":"ovn-kubernetes","ips":[\#(ips)],"mac":"\#(mac)"}]"#
        ]
    }

    @Test("requested addresses and MAC are given")
    func requested() throws {
        let node = try harness(pod("web", wish(#""10.244.2.77/24","fd00:10:244:2::4d""#)))
        let port = try #require(node.object(PodPort.self, "shop", "web"))
        #expect(port.addresses.map(\.description) == ["10.244.2.77/24", "fd00:10:244:2::4d/64"])
        #expect(port.mac.description == "02:00:00:00:00:77")
        #expect(node.problems.isEmpty)
    }

    @Test("a plain name of a network asks for nothing")
    func plainName() throws {
        let node = try harness(pod("web", [AnnotationKey.defaultNetwork: "ovn-kubernetes/default"]))
        #expect(node.object(PodPort.self, "shop", "web")?.addresses.count == 2)
        #expect(node.problems.isEmpty)
    }

    @Test("a family whose default route another network carries has no gateway here, and the cluster's routes stay")
    func defaultRouteElsewhere() throws {
        let note = [AnnotationKey.networks: #"[{"name":"b","namespace":"shop","default-route":["192.0.2.1"]}]"#]
        let names = [AnnotationKey.networks: "shop/b,shop/c"]
        let node = try harness(pod("web", note), pod("db", names), attachment("web"))
        #expect(node.object(PodPort.self, "shop", "web")?.gateways == [address("fd00:10:244:2::1")])
        #expect(node.object(PodPort.self, "shop", "db")?.gateways.count == 2)
        let link = try #require(node.rows(PodLink.self).first)
        #expect(link.members("gateways") == ["fd00:10:244:2::1"])
        #expect(link.members("routes").contains("10.244.0.0/16 via 10.244.2.1"))
        #expect(link.members("routes").contains("10.96.0.0/16 via 10.244.2.1"))
        #expect(link.members("routes").count == 8)
    }

    @Test("an address that is taken is refused, and its holder keeps it")
    func taken() throws {
        let node = try harness(pod("one", wish(#""10.244.2.77/24""#)))
        try node.apply(pod("two", wish(#""10.244.2.77/24""#, mac: "02:00:00:00:00:78")))
        let problem = try #require(node.problems.first)
        #expect(problem.reason == "AddressInUse")
        for word in ["10.244.2.77", "shop/one", "shop/two"] { #expect(problem.message.contains(word)) }
        #expect(node.object(PodPort.self, "shop", "one")?.addresses.first == net("10.244.2.77/24"))
        #expect(node.object(PodPort.self, "shop", "two") == nil)
        try node.remove(pod("one", wish(#""10.244.2.77/24""#)))
        #expect(node.object(PodPort.self, "shop", "two")?.addresses.first == net("10.244.2.77/24"))
        #expect(node.problems.isEmpty)
    }

    @Test("a MAC that another pod has is refused too, and a pod keeps its own whatever it asks for later")
    func takenMAC() throws {
        let node = try harness(pod("one", wish("")))
        try node.apply(pod("two", wish("")))
        let problem = try #require(node.problems.first)
        #expect(problem.reason == "MACInUse")
        for word in ["02:00:00:00:00:77", "shop/one", "shop/two"] { #expect(problem.message.contains(word)) }
        #expect(node.object(PodPort.self, "shop", "two") == nil)
        let port = try #require(node.object(PodPort.self, "shop", "one"))
        #expect(port.mac.description == "02:00:00:00:00:77")

        let notes = [PodNetworks.key: PodNetworks(PodNetworkAssignment(addresses: port.addresses, mac: port.mac)).text]
        try node.apply(pod("one", notes.merging(wish("", mac: "02:00:00:00:00:88")) { a, _ in a }))
        #expect(node.object(PodPort.self, "shop", "one") == port)
        try node.remove(pod("one", [:]))
        #expect(node.object(PodPort.self, "shop", "two")?.mac.description == "02:00:00:00:00:77")
        #expect(node.problems.isEmpty)
    }

    @Test("after a restart the pod that had the address has it, whichever is named first")
    func takenBefore() throws {
        var holder = pod("two", wish(#""10.244.2.77/24""#))
        holder.annotations.merge(world.annotation("10.244.2.77/24", "fd00:10:244:2::9/64")) { _, own in own }
        let node = try harness(pod("one", wish(#""10.244.2.77/24""#)), holder)
        #expect(node.object(PodPort.self, "shop", "two")?.addresses.first == net("10.244.2.77/24"))
        #expect(node.problems.map(\.object) == [Pod.id("shop", "one")])
    }

    @Test("a pod whose uid is still to come is wired when it has come, and never with an empty one")
    func lateUID() throws {
        let node = try harness(world.pod("web") { $0.uid = "" }, attachment("web"))
        #expect(node.rows(PodLink.self).isEmpty)
        #expect(node.problems.isEmpty)
        #expect(node.row(LogicalSwitchPort.self, "shop_web")?.map("options")["iface-id-ver"] == nil)
        try node.apply(world.pod("web"))
        #expect(node.row(LogicalSwitchPort.self, "shop_web")?.map("options")["iface-id-ver"] == "uid-web")
        #expect(node.row(Interface.self, "0123456789abcde")?.map("external_ids")["iface-id-ver"] == "uid-web")
    }

    @Test(
        "an address that is none for pods of this node is refused",
        arguments: [
            ("10.244.9.9", "AddressNotInSubnet"), ("10.244.2.1", "AddressReserved"),
            ("10.244.2.255", "AddressReserved"),
            ("nonsense", "BadValue"),
        ])
    func unfit(address: String, reason: String) throws {
        let node = try harness(pod("web", wish("\"\(address)\"")))
        #expect(node.problems.map(\.reason) == [reason])
        #expect(node.object(PodPort.self, "shop", "web") == nil)
    }
}
