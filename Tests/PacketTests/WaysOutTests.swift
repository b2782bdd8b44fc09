import Core
import Linux
import Model
import Testing

@testable import Lab

extension Packets.DualStack {
    @Test("a node that has only an IPv4 default route starts, warns, and has all but the way out over IPv6")
    func oneDefaultRoute() async throws {
        let lab = try Packets.lab()
        // Addresses that only a default route leads to.
        let beyond = try ["192.0.2.1", "2001:db8::1"].map { try #require(IPAddress($0)) }
        for address in beyond { try await lab.shell("outside", "ip addr replace \(address) dev lo") }
        let route = try await lab.shell("node:n2", "ip -6 route show default").prefix { $0 != "\n" }
        try #require(route.hasPrefix("default via"))
        try await lab.shell("node:n2", "ip -6 route del \(route)")
        try await lab.restartDaemon("n2")
        let status = "cat \(lab.paths.status)/n2/Node*n2.json"
        #expect(
            try await eventually(within: .seconds(20)) {
                try await lab.shell("node:n2", status).contains("NoDefaultRoute")
            })
        #expect(try await lab.pings("t/b1", beyond[0]))
        #expect(try await !lab.pings("t/b1", beyond[1], within: 1))
        #expect(try await lab.pings("t/b1", lab.address("t/a1", .v6)))
        #expect(try await lab.pings("t/a1", lab.address("t/b1", .v6)))
        try await lab.shell("node:n2", "ip -6 route add \(route)")
        let recovered = try await eventually(within: .seconds(20)) {
            try await lab.pings("t/b1", beyond[1], within: 1)
        }
        #expect(recovered)
        let isQuiet = try await eventually(within: .seconds(20)) {
            try await !lab.shell("node:n2", status).contains("NoDefaultRoute")
        }
        #expect(isQuiet)
    }

    @Test("in local mode pods leave by the host's routes, in shared mode by the wire, and a node can change its mode")
    func localMode() async throws {
        let lab = try Packets.lab()
        try await lab.gatewayMode("n2", from: "shared", to: "local")
        for family in lab.families {
            #expect(try await lab.waysOut("n2", family) == [try await lab.managementAddress("n2", family)])
            let isSeen = try await eventually(within: .seconds(20)) {
                try await lab.seesEgress("n2", "t/b1", family, through: "ovn-k8s-mp0")
            }
            #expect(isSeen, "\(family)")
            #expect(try await lab.asks("t/a1", lab.address("t/b1", family))?.name == "b1", "\(family)")
        }
        #expect(try await lab.shell("node:n2", "nft list table inet ovenbird").contains("masquerade"))
        try await HostToServices(lab: lab, local: "a1", remote: "b1").askEverybody()
        try await lab.gatewayMode("n2", from: "local", to: "shared")
        for family in lab.families {
            let ways = try await lab.waysOut("n2", family)
            let management = try await lab.managementAddress("n2", family)
            #expect(ways.count == 1 && ways.first != management, "\(ways)")
            let isSeen = try await eventually(within: .seconds(20)) {
                try await !lab.seesEgress("n2", "t/b1", family, through: "ovn-k8s-mp0")
            }
            #expect(isSeen, "\(family)")
        }
        #expect(try await !lab.shell("node:n2", "nft list table inet ovenbird").contains("masquerade"))
    }
}

extension PacketLab {
    /// Changes a node's configuration and starts its daemon anew with it.
    fileprivate func gatewayMode(_ node: String, from old: String, to new: String) async throws {
        let file = paths.configuration(node)
        let text = try Files.read(file)
        try #require(text.contains("mode=\(old)"))
        try Files.write(file, text.replacing("mode=\(old)", with: "mode=\(new)"))
        try await restartDaemon(node)
        // Ready is the daemon when its rows are in force; the flows that OVN makes of them come after.
        try await shell("node:\(node)", "ovn-nbctl --timeout=20 --wait=hv sync")
    }

    /// The next hops of what leaves the cluster router by where it comes from.
    fileprivate func waysOut(_ node: String, _ family: Family) async throws -> [IPAddress] {
        let routes = try await shell("node:\(node)", "ovn-nbctl lr-route-list ovn_cluster_router")
        return routes.split(separator: "\n").filter { $0.contains("src-ip") }
            .compactMap { $0.split(separator: " ").dropFirst().first.flatMap { IPAddress($0) } }
            .filter { $0.family == family }
    }

    /// Connects a pod with the outside, where it must be seen as its node; says whether that passed a device of the
    /// node.
    fileprivate func seesEgress(
        _ node: String, _ pod: String, _ family: Family, through device: String
    ) async throws -> Bool {
        let outside = try await address("outside", family)
        let own = try await address("node:\(node)", family)
        let target = try await address(pod, family)
        let capture = try await Capture.start(self, "node:\(node)", device, "host \(target)")
        let answer = try await answering("outside", 18_089, as: "outside") {
            try await asks(pod, outside, port: 18_089)
        }
        #expect(answer?.asker == own, "\(family): \(String(describing: answer))")
        // What the node itself sends to the pod passes the device, and ends the capture.
        #expect(try await pings("node:\(node)", target))
        return try await capture.lines(upTo: "\(try await managementAddress(node, family)) > \(target)")
            .contains { $0.contains("\(outside)") }
    }
}
