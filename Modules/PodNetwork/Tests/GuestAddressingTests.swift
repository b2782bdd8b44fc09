import Core
import Model
import ModuleHarness
import PodNetwork
import Testing
import Vocabulary

/// This node is n1, whose subnets are 10.244.2.0/24 and fd00:10:244:2::/64.
@Suite("Addresses of virtual machines")
struct GuestAddressingTests {
    let world = Surroundings()

    private func harness(_ more: any Kind...) throws -> NodeHarness {
        let harness = try NodeHarness(PodNetworkModule.self)
        try harness.apply(world.all + more)
        return harness
    }

    /// A pod of the machine `vm`.
    private func launcher(
        _ name: String, on node: String, in namespace: String = "shop", has addresses: [String] = [],
        isReady: Bool = false, since: String? = nil, _ phase: Pod.Phase = .running
    ) -> Pod {
        var pod = Pod(
            namespace: namespace, name: name, uid: "uid-\(name)",
            labels: ["kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "vm"],
            annotations: ["kubevirt.io/allow-pod-bridge-network-live-migration": ""], nodeName: node, phase: phase)
        if isReady { pod.labels["kubevirt.io/nodeName"] = node }
        if let since { pod.annotations["kubevirt.io/migration-target-ready-timestamp"] = since }
        if !addresses.isEmpty { pod.annotations.merge(world.annotation(addresses)) { $1 } }
        return pod
    }

    private let atHome = ["10.244.2.9/24", "fd00:10:244:2::9/64"]
    private let elsewhere = ["10.244.3.9/24", "fd00:10:244:3::9/64"]

    private func addresses(_ node: NodeHarness, _ pod: String) -> [String] {
        node.object(PodPort.self, "shop", pod)?.addresses.map(\.description) ?? []
    }

    private func bindings(_ node: NodeHarness, _ pod: String) throws -> [String] {
        try #require(node.row(LogicalSwitchPort.self, "shop_\(pod)")).members("addresses")
    }

    @Test("a new machine gets addresses of its node, and the router that every node has for guests")
    func first() throws {
        let node = try harness(launcher("vm-1", on: "n1", isReady: true))
        let port = try #require(node.object(PodPort.self, "shop", "vm-1"))
        #expect(port.addresses.map(\.length) == [24, 64])
        #expect(port.addresses.allSatisfy { net("10.244.2.0/24").contains($0.address) || $0.family == .v6 })
        #expect(port.gateways == [address("169.254.1.1"), address("fe80::858:a9ff:fefe:101")])
        #expect(try bindings(node, "vm-1").count == 1)
    }

    @Test("the pod to which a machine moves takes over addresses and MAC, of whichever node they are")
    func takeOver() throws {
        let source = launcher("vm-1", on: "n2", has: elsewhere, isReady: true)
        let node = try harness(source, launcher("vm-2", on: "n1"))
        let port = try #require(node.object(PodPort.self, "shop", "vm-2"))
        #expect(port.addresses.map(\.description) == elsewhere)
        #expect(port.mac == MACAddress(for: address("10.244.3.9")))
        let status = try #require(node.row(ObjectStatus.self, "Pod/shop/vm-2"))
        #expect(status.map("annotations")[PodNetworks.key]?.contains("10.244.3.9/24") == true)
        let row = try #require(node.row(LogicalSwitchPort.self, "shop_vm-2"))
        #expect(row.members("addresses").isEmpty, "the machine is not here yet")
        #expect(row.members("port_security") == ["0a:58:0a:f4:03:09 10.244.3.9 fd00:10:244:3::9"])
        // What it has it keeps, when the other pod is gone and over a restart.
        try node.apply(launcher("vm-2", on: "n1", has: elsewhere, since: "2026-12-01T10:00:00Z"))
        #expect(try bindings(node, "vm-2") == row.members("port_security"))
        try node.remove(source)
        #expect(addresses(node, "vm-2") == elsewhere)
        let again = try harness(launcher("vm-2", on: "n1", has: elsewhere, since: "2026-12-01T10:00:00Z"))
        #expect(addresses(again, "vm-2") == elsewhere)
        #expect(node.problems.isEmpty && again.problems.isEmpty)
    }

    @Test(
        "the hand-over moves what leads to a machine, whichever of the pods is told first",
        arguments: [true, false])
    func handOver(sourceEndsFirst: Bool) throws {
        let node = try harness(
            launcher("vm-1", on: "n1", has: atHome, isReady: true), launcher("vm-2", on: "n2", has: atHome))
        #expect(try bindings(node, "vm-1").count == 1)
        let ready = launcher("vm-2", on: "n2", has: atHome, isReady: true, since: "2026-12-01T10:00:00Z")
        let ended = launcher("vm-1", on: "n1", has: atHome, isReady: true, .succeeded)
        if !sourceEndsFirst {
            try node.apply(ready)
            #expect(try bindings(node, "vm-1").isEmpty)
        }
        try node.apply(ended)
        #expect(node.row(LogicalSwitchPort.self, "shop_vm-1") == nil)
        try node.apply(ready)
        #expect(addresses(node, "vm-2") == atHome)
    }

    @Test("a machine that failed to move stays where it is")
    func failed() throws {
        let node = try harness(
            launcher("vm-1", on: "n1", has: atHome, isReady: true),
            launcher("vm-2", on: "n2", has: atHome, since: "2026-12-01T10:00:00Z"))
        #expect(try bindings(node, "vm-1").isEmpty)
        try node.apply(launcher("vm-2", on: "n2", has: atHome, since: "2026-12-01T10:00:00Z", .failed))
        #expect(try bindings(node, "vm-1").count == 1)
        #expect(addresses(node, "vm-1") == atHome)
    }

    @Test("the address of a machine that is away is given to nobody, and it has it again when it comes home")
    func held() throws {
        let small = Surroundings(families: [.v4])
        let node = try NodeHarness(PodNetworkModule.self)
        try node.apply([small.cluster, small.local, small.system, small.node("n1", 2, subnets: ["10.244.2.0/29"])])
        let away = launcher("vm-2", on: "n2", has: ["10.244.2.4/29"], since: "2026-12-01T10:00:00Z")
        try node.apply(away)
        for name in ["a", "b", "c", "d"] { try node.apply(small.pod(name)) }
        let given = node.objects(PodPort.self).filter(\.isLocal).flatMap(\.addresses).map(\.description)
        #expect(given.count == 3 && !given.contains("10.244.2.4/29"))
        #expect(node.problems.map(\.reason) == ["SubnetFull"])
        try node.apply(launcher("vm-3", on: "n1"))
        #expect(addresses(node, "vm-3") == ["10.244.2.4/29"])
        try node.remove(away)
        let back = launcher("vm-3", on: "n1", has: ["10.244.2.4/29"], since: "2026-12-01T11:00:00Z")
        try node.apply(back)
        #expect(addresses(node, "vm-3") == ["10.244.2.4/29"])
        #expect(try bindings(node, "vm-3").count == 1)
        // When the machine is no more, its address is free.
        try node.remove(back)
        #expect(node.problems.isEmpty)
    }

    @Test("the annotation of another pod leads nothing to a machine from the node whose pod that is")
    func copied() throws {
        let own = world.pod("web") { $0.annotations = world.annotation(atHome) }
        let node = try harness(own)
        #expect(addresses(node, "web") == atHome)
        try node.apply(launcher("vm-1", on: "n2", has: atHome, isReady: true))
        #expect(addresses(node, "web") == atHome)
        #expect(node.object(PodPort.self, "shop", "vm-1") == nil)
        #expect(node.problems.map(\.reason) == ["AddressInUse"])
        // A second machine here with the first one's annotation has neither its addresses nor its MAC.
        try node.apply(launcher("vm-1", on: "n1", has: atHome, isReady: true))
        let port = try #require(node.object(PodPort.self, "shop", "vm-1"))
        let other = try #require(node.object(PodPort.self, "shop", "web"))
        #expect(port.mac != other.mac && Set(port.addresses).isDisjoint(with: other.addresses))
    }

    @Test("a pod that waits for the addresses of its machine says so")
    func waits() throws {
        let first = launcher("vm-1", on: "n2", isReady: true)
        let node = try harness(first, launcher("vm-2", on: "n1"))
        #expect(node.object(PodPort.self, "shop", "vm-2") == nil)
        #expect(node.problems.map(\.reason) == ["WaitsForMachine"])
        try node.apply(launcher("vm-1", on: "n2", has: elsewhere, isReady: true))
        #expect(node.problems.isEmpty && addresses(node, "vm-2") == elsewhere)
    }

    @Test("a pod is told which machine has the address that it asks for")
    func asked() throws {
        let asking = world.pod("web") { $0.annotations[AnnotationKey.defaultNetwork] = #"[{"ips":["10.244.2.9"]}]"# }
        let node = try harness(launcher("vm-2", on: "n2", has: atHome, isReady: true), asking)
        let problem = try #require(node.problems.first { $0.object == asking.id })
        #expect(problem.reason == "AddressInUse" && problem.message.contains("shop/vm (virtual machine)"))
    }

    @Test("of two pods that start at once only one chooses addresses")
    func atOnce() throws {
        let node = try harness(launcher("vm-1", on: "n2"), launcher("vm-2", on: "n1"))
        #expect(node.object(PodPort.self, "shop", "vm-2") == nil)
        try node.apply(launcher("vm-1", on: "n2", has: elsewhere))
        #expect(addresses(node, "vm-2") == elsewhere)
    }

    @Test("machines of one name in two namespaces are two")
    func namespaces() throws {
        let node = try harness(
            launcher("vm-1", on: "n1", has: atHome, isReady: true),
            launcher("vm-2", on: "n1", in: "bank", isReady: true))
        let other = try #require(node.object(PodPort.self, "bank", "vm-2"))
        #expect(Set(other.addresses).isDisjoint(with: atHome.map(net)))
        #expect(try bindings(node, "vm-1").count == 1)
        #expect(node.row(LogicalSwitchPort.self, "bank_vm-2")?.members("addresses").count == 1)
    }

    @Test("an address that is of no subnet of the cluster is not kept")
    func outsider() throws {
        let node = try harness(launcher("vm-1", on: "n1", has: ["192.0.2.9/24"], isReady: true))
        #expect(addresses(node, "vm-1").allSatisfy { !$0.hasPrefix("192") })
        #expect(addresses(node, "vm-1").count == 2)
    }

    @Test("a machine's pod is wired without addresses and routes: the machine asks for them")
    func wiring() throws {
        let attachment = Model.Attachment(
            sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: "vm-1",
            podUID: "uid-vm-1")
        let node = try harness(launcher("vm-1", on: "n1", has: atHome, isReady: true), attachment)
        let link = try #require(node.rows(PodLink.self).first)
        for column in ["addresses", "gateways", "routes"] { #expect(link.members(column).isEmpty) }
        #expect(link["mac"] == "0a:58:0a:f4:02:09")
    }

    @Test("keeps the laws of every module, wherever the machine is")
    func laws() throws {
        let target = "2026-12-01T10:00:00Z"
        let stages: [[any Kind]] = [
            [launcher("vm-1", on: "n1", isReady: true), launcher("vm-2", on: "n2")],
            [launcher("vm-1", on: "n2", has: elsewhere, isReady: true), launcher("vm-2", on: "n1")],
            [launcher("vm-1", on: "n1", has: atHome, isReady: true), launcher("vm-2", on: "n2", has: atHome)],
            [
                launcher("vm-1", on: "n1", has: atHome, isReady: true),
                launcher("vm-2", on: "n2", has: atHome, since: target), launcher("vm-3", on: "n1"),
            ],
        ]
        for pods in stages { try ModuleLaws.check(PodNetworkModule.self, world.all + pods + [world.pod("web")]) }
    }
}
