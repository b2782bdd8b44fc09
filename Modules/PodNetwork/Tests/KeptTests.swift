import Core
import Model
import ModuleHarness
import PodNetwork
import Testing
import Vocabulary

/// Each harness is a daemon that has just started, so nothing is there from a better past.
@Suite("What a daemon that starts anew keeps, though an annotation was spoilt meanwhile")
struct KeptTests {
    let world = Surroundings()
    let attachment = Model.Attachment(
        sandbox: "0123456789abcdef", netns: "/run/netns/a", podNamespace: "shop", podName: "web", podUID: "uid-web")

    private func pod(_ annotations: [String: String]) -> Pod {
        world.pod("web") {
            $0.annotations = world.annotation("10.244.2.9/24", "fd00:10:244:2::9/64").merging(annotations) { $1 }
        }
    }

    @Test(
        "a pod with a network keeps it",
        arguments: [
            [AnnotationKey.egressBandwidth: "10"], [AnnotationKey.defaultNetwork: "[{"],
            [AnnotationKey.networks: #"[{"default-route":["nowhere"]}]"#],
        ])
    func pods(annotations: [String: String]) throws {
        let node = try NodeHarness(PodNetworkModule.self)
        try node.apply(world.all + [pod(annotations), attachment])
        let link = try #require(node.rows(PodLink.self).first)
        #expect(link.members("addresses") == ["10.244.2.9/24", "fd00:10:244:2::9/64"])
        #expect(node.row(LogicalSwitchPort.self, "shop_web") != nil)
        #expect(node.problems.map(\.object) == [pod([:]).id])
        #expect(node.problems.first?.field.contains(annotations.keys.first ?? "-") == true)
        try node.apply(pod([:]))
        #expect(node.problems.isEmpty)
    }

    @Test("a node keeps its network when the list of networks that keep their source cannot be read")
    func nodes() throws {
        let node = try NodeHarness(PodNetworkModule.self)
        let spoilt = world.node("n1", 2, [AnnotationKey.ingressSNATExcludeSubnets: #"["10.0.0.0/"#])
        try node.apply([world.cluster, world.local, world.system, spoilt, pod([:]), attachment])
        #expect(node.row(LogicalSwitchPort.self, "shop_web") != nil)
        #expect(node.problems.map(\.object) == [spoilt.id])
        try node.apply(world.node("n1", 2))
        #expect(node.problems.isEmpty)
    }

    @Test("an address that only IPv6 has room for is kept; without one the two addresses end alike")
    func largeNumbers() throws {
        let node = try NodeHarness(PodNetworkModule.self)
        let web = world.pod("web") { $0.annotations = world.annotation("10.244.2.9/24", "fd00:10:244:2::abc/64") }
        try node.apply(world.all + [web, world.pod("db")])
        #expect(
            node.object(PodPort.self, "shop", "web")?.addresses == [net("10.244.2.9/24"), net("fd00:10:244:2::abc/64")])
        let fresh = try #require(node.object(PodPort.self, "shop", "db")?.addresses)
        #expect(fresh.map(\.family) == [.v4, .v6])
        #expect(Set(fresh.map { $0.address.number & 0xff }).count == 1)
        #expect(node.problems.isEmpty)
    }

    @Test("a static pod is wired, whose uid the runtime and the API know differently")
    func staticPods() throws {
        let node = try NodeHarness(PodNetworkModule.self)
        let mirror = world.pod("web") {
            $0.uid = "uid-of-the-mirror"
            $0.annotations[AnnotationKey.configurationSource] = "file"
        }
        try node.apply(world.all + [mirror, attachment])
        #expect(node.rows(PodLink.self).count == 1)
        #expect(node.problems.isEmpty)
        var usual = mirror
        usual.annotations[AnnotationKey.configurationSource] = "api"
        try node.apply(usual)
        #expect(node.problems.map(\.reason) == ["OtherPod"])
    }
}
