import Core
import Model
import ModuleHarness
import Services
import Testing

@Suite("Hints at near endpoints")
struct DistributionTests {
    private let world = Surroundings()

    /// Where the service leads from n1, which is in the zone a.
    private func leads(_ distribution: String, _ endpoints: EndpointSlice.Endpoint...) throws -> String? {
        let node = try NodeHarness(ServicesModule.self)
        var slice = world.slice("web")
        slice.endpoints = endpoints
        var own = world.nodes[0]
        own.labels["topology.kubernetes.io/zone"] = "a"
        try node.apply(
            world.all.filter { $0.id != own.id } + [own]
                + [world.service { $0.trafficDistribution = distribution }, slice])
        let rows = node.rows(LoadBalancer.self)
        return rows.lazy.compactMap { $0.map("vips")["10.96.0.10:80"] }.first
    }

    private func endpoint(
        _ host: Int, nodes: [String] = [], zones: [String] = [], ready: Bool = true, ending: Bool = false
    ) -> EndpointSlice.Endpoint {
        .init(
            ["10.244.1.\(host)"], ready: ready, serving: ready || ending, terminating: ending, forNodes: nodes,
            forZones: zones)
    }

    @Test("lead to those of the node, else to those of its zone, else to all")
    func tiers() throws {
        let here = endpoint(1, nodes: ["n1"], zones: ["a"])
        let beside = endpoint(2, nodes: ["n2"], zones: ["a"])
        let far = endpoint(3, nodes: ["n3"], zones: ["b"])
        let unhinted = endpoint(4)
        #expect(try leads("PreferSameNode", far, beside, here, unhinted) == "10.244.1.1:8080")
        #expect(try leads("PreferSameNode", far, beside) == "10.244.1.2:8080")
        #expect(try leads("PreferSameNode", far, unhinted) == "10.244.1.3:8080,10.244.1.4:8080")
    }

    @Test("of zones alone are taken, too", arguments: ["PreferClose", "PreferSameZone"])
    func zones(distribution: String) throws {
        let near = endpoint(1, zones: ["a"])
        let far = endpoint(2, zones: ["b"])
        #expect(try leads(distribution, near, far) == "10.244.1.1:8080")
        #expect(try leads(distribution, far) == "10.244.1.2:8080")
        #expect(try leads("", near, far) == "10.244.1.1:8080,10.244.1.2:8080")
    }

    @Test("do not prefer one that ends, or is not ready, to a ready one")
    func conditions() throws {
        let ending = endpoint(1, nodes: ["n1"], zones: ["a"], ready: false, ending: true)
        let starting = endpoint(2, nodes: ["n1"], ready: false)
        let far = endpoint(3, nodes: ["n2"])
        let farEnding = endpoint(4, nodes: ["n2"], ready: false, ending: true)
        #expect(try leads("PreferSameNode", ending, starting, far) == "10.244.1.3:8080")
        #expect(try leads("PreferSameNode", ending, farEnding) == "10.244.1.1:8080")
    }
}
