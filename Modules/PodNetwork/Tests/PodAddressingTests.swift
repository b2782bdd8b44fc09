import Core
import Model
import ModuleHarness
import PodNetwork
import Testing
import Vocabulary

@Suite("Addresses of pods")
struct PodAddressingTests {
    let world = Surroundings()

    private func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(PodNetworkModule.self)
        try harness.apply(world.all + more)
        return harness
    }

    @Test("a pod of this node gets an address per family, a port that allows no others, and an annotation")
    func local() throws {
        let node = try harness(world.pod("web"))
        let port = try #require(node.object(PodPort.self, "shop", "web"))
        #expect(port.addresses.map(\.family) == [.v4, .v6])
        #expect(port.gateways == [address("10.244.2.1"), address("fd00:10:244:2::1")])
        let row = try #require(node.row(LogicalSwitchPort.self, "shop_web"))
        #expect(row.members("addresses") == row.members("port_security"))
        #expect(row.members("addresses") == ["\(port.mac) \(port.addresses[0].address) \(port.addresses[1].address)"])
        #expect(row.map("options") == ["requested-chassis": "chassis-n1", "iface-id-ver": "uid-web"])
        let status = try #require(node.row(ObjectStatus.self, "Pod/shop/web"))
        #expect(status.map("annotations")[PodNetworks.key]?.contains("\(port.addresses[0])") == true)
    }

    @Test("the address in the annotation is kept, whatever else would be given")
    func annotated() throws {
        let pod = world.pod("web") { $0.annotations = world.annotation("10.244.2.77/24", "fd00:10:244:2::99/64") }
        let port = try #require(try harness(pod).object(PodPort.self, "shop", "web"))
        #expect(port.addresses.map(\.description) == ["10.244.2.77/24", "fd00:10:244:2::99/64"])
    }

    @Test("an annotation with an address of another node's subnet is no hint")
    func foreignAnnotation() throws {
        let pod = world.pod("web") { $0.annotations = world.annotation("10.244.9.77/24") }
        let port = try #require(try harness(pod).object(PodPort.self, "shop", "web"))
        #expect(port.addresses.allSatisfy { net("10.244.2.0/24").contains($0.address) || $0.family == .v6 })
    }

    @Test("two pods that claim one address get two")
    func duplicate() throws {
        let node = try harness()
        for name in ["one", "two"] {
            try node.apply(world.pod(name) { $0.annotations = world.annotation("10.244.2.77/24") })
        }
        let addresses = node.objects(PodPort.self).compactMap(\.addresses.first)
        #expect(addresses.contains(net("10.244.2.77/24")))
        #expect(Set(addresses).count == 2)
    }

    @Test("pods on the host's network, unscheduled pods and pods that have ended get none")
    func none() throws {
        let node = try harness(
            world.pod("host") { $0.hostNetwork = true }, world.pod("unscheduled") { $0.nodeName = "" },
            world.pod("done") { $0.phase = .succeeded })
        #expect(node.objects(PodPort.self).isEmpty)
        #expect(node.rows(LogicalSwitchPort.self).allSatisfy { !$0.key.hasPrefix("shop_") })
    }

    @Test("a pod of another node is known by its annotation, and has no port here")
    func remote() throws {
        let node = try harness(world.pod("db", on: "n2") { $0.annotations = world.annotation("10.244.3.5/24") })
        let port = try #require(node.object(PodPort.self, "shop", "db"))
        #expect(!port.isLocal)
        #expect(port.addresses == [net("10.244.3.5/24")])
        #expect(node.row(LogicalSwitchPort.self, "shop_db") == nil)
    }

    @Test("in a full subnet the pod waits with a reason, and starts when another goes")
    func full() throws {
        let small = Surroundings(families: [.v4])
        let node = try NodeHarness(PodNetworkModule.self)
        try node.apply([small.cluster, small.local, small.system, small.node("n1", 2, subnets: ["10.244.2.0/29"])])
        let pods = (1...5).map { small.pod("p\($0)") }
        for pod in pods { try node.apply(pod) }
        #expect(node.objects(PodPort.self).count == 4)
        let problem = try #require(node.problems.first { $0.object == pods[4].id })
        #expect(problem.reason == "SubnetFull")
        #expect(problem.message.contains("n1") && problem.message.contains("10.244.2.0/29"))
        try node.remove(pods[0])
        #expect(node.object(PodPort.self, "shop", "p5") != nil)
        #expect(node.problems.isEmpty)
    }

    @Test("an annotation that does not parse is named, and disturbs no other pod")
    func malformed() throws {
        let broken = world.pod("db", on: "n2") { $0.annotations[PodNetworks.key] = "{" }
        let node = try harness(broken, world.pod("web"))
        let problem = try #require(node.problems.first)
        #expect(problem.object == broken.id)
        #expect(problem.field.contains(PodNetworks.key))
        #expect(node.object(PodPort.self, "shop", "web") != nil)
    }

    @Test("a sandbox is wired once its pod has an address, and only with the pod's own uid")
    func wiring() throws {
        func attachment(_ uid: String) -> Model.Attachment {
            Model.Attachment(
                sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: "web", podUID: uid)
        }
        let node = try harness(attachment("uid-web"))
        #expect(node.rows(PodLink.self).isEmpty)
        try node.apply(world.pod("web"))
        let link = try #require(node.rows(PodLink.self).first)
        #expect(link["host_interface"] == "0123456789abcde")
        #expect(link.members("gateways") == ["10.244.2.1", "fd00:10:244:2::1"])
        let interface = try #require(node.row(Interface.self, "0123456789abcde"))
        #expect(interface.map("external_ids")["iface-id"] == "shop_web")
        #expect(node.members(Topology.integration.ports).contains("0123456789abcde"))

        let other = try harness(world.pod("web"), attachment("uid-of-its-predecessor"))
        #expect(other.rows(PodLink.self).isEmpty)
        #expect(other.problems.map(\.reason) == ["OtherPod"])

        // The pod gives way to another one of its name: the port is that one's from then on.
        try node.apply(world.pod("web") { $0.uid = "uid-of-its-successor" })
        #expect(node.rows(PodLink.self).isEmpty)
        #expect(node.row(Interface.self, "0123456789abcde") == nil)
        #expect(node.problems.map(\.reason) == ["OtherPod"])
    }

    @Test("a pod's link opens when its own port is installed in the switch")
    func opening() throws {
        let attachment = Model.Attachment(
            sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: "web", podUID: "uid-web")
        let node = try harness(attachment, world.pod("web"))
        func isOpen() throws -> String? { try #require(node.rows(PodLink.self).first)["open"] }
        #expect(try isOpen() == "false")
        func interface(_ sandbox: String, installed: Bool) -> OVSInterface {
            OVSInterface(name: "0123456789abcde", ifaceID: "shop_web", sandbox: sandbox, installed: installed)
        }
        try node.apply(interface("of-somebody-else", installed: true))
        #expect(try isOpen() == "false")
        try node.apply(interface("0123456789abcdef", installed: false))
        #expect(try isOpen() == "false")
        try node.apply(interface("0123456789abcdef", installed: true))
        #expect(try isOpen() == "true")
    }

    @Test("a pod that was made with another one's annotation gets addresses of its own, and is told")
    func copied() throws {
        let first = world.pod("web") { $0.annotations = world.annotation("10.244.2.9/24", "fd00:10:244:2::9/64") }
        let node = try harness(first)
        let copy = world.pod("copy") { $0.annotations = first.annotations }
        try node.apply(copy)
        let addresses = try #require(node.object(PodPort.self, "shop", "copy")?.addresses)
        #expect(node.object(PodPort.self, "shop", "web")?.addresses.first == net("10.244.2.9/24"))
        #expect(addresses.count == 2 && !addresses.contains(net("10.244.2.9/24")))
        let problem = try #require(node.problems.first)
        #expect(problem.object == copy.id && problem.reason == "AddressInUse")
        #expect(problem.message.contains("10.244.2.9, fd00:10:244:2::9"))
        #expect(problem.message.contains("\(addresses[0].address)"))
        #expect(node.problems.count == 1, "what is a problem becomes a condition and an event, once")
        // Its own annotation, once it is written, is right.
        try node.apply(world.pod("copy") { $0.annotations = world.annotation(addresses.map(\.description)) })
        #expect(node.problems.isEmpty)
    }
}
