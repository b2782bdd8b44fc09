import Core
import Model
import ModuleHarness
import Services
import Testing

@Suite("An idle service")
struct IdleTests {
    private let world = Surroundings()

    private func idle(_ annotation: String = "idling.alpha.openshift.io/idled-at") -> Service {
        world.service {
            $0.clusterIPs = ["10.96.0.10"]
            $0.annotations[annotation] = "2026-01-01T00:00:00Z"
        }
    }

    /// What all rows of the service do with clients while nobody answers.
    private func options(_ node: NodeHarness) -> Set<[String?]> {
        Set(node.rows(LoadBalancer.self).map { [$0.map("options")["reject"], $0.map("options")["event"]] })
    }

    @Test("asks for endpoints instead of refusing, with and without any, and refuses again when it is no longer idle")
    func events() throws {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + [ServiceSettings(knowsIdle: true), idle()])
        #expect(node.rows(LoadBalancer.self).count == 2 && options(node) == [["false", "true"]])
        #expect(node.description(of: Service.id("shop", "web"))?.headline.last == "idle")
        try node.apply(world.slice("web", .init(["10.244.1.5"])))
        #expect(node.rows(LoadBalancer.self).count == 1 && options(node) == [["false", "true"]])
        try node.apply(world.service { $0.clusterIPs = ["10.96.0.10"] })
        #expect(options(node) == [["true", "false"]])
    }

    @Test("is one by the annotation of any domain, and the operator's setting")
    func whoIsIdle() throws {
        let node = try NodeHarness(ServicesModule.self)
        try node.apply(world.all + [idle()])
        #expect(options(node) == [["true", "false"]])
        try node.apply(ServiceSettings(knowsIdle: true))
        #expect(options(node) == [["false", "true"]])
        try node.apply(idle("example.org/idled-at"))
        #expect(options(node) == [["false", "true"]])
        try node.apply(idle("k8s.ovn.org/unidled-at"))
        #expect(options(node) == [["true", "false"]])
        try node.apply(idle("idled-at"))
        #expect(options(node) == [["true", "false"]])
    }

    @Test("keeps the laws of every module")
    func laws() throws {
        try ModuleLaws.check(
            ServicesModule.self, world.all + [ServiceSettings(knowsIdle: true), idle()] + world.slices())
    }
}
