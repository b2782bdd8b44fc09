import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets.Scarce {
    /// What only one node may have.
    private struct Share: Hashable {
        let id: Int
        let subnets: [IPNetwork]
        let transit: [IPNetwork]
    }

    private func share(_ lab: PacketLab, _ node: String) throws -> Share? {
        let notes = try lab.status(of: Node.id(node), by: "cluster-manager")["annotations"].stringMap()
        guard let id = try notes.annotation(NodeID.self), let subnets = try notes.annotation(NodeSubnets.self),
            let transit = try notes.annotation(TransitAddresses.self)
        else { return nil }
        return Share(id: id.number, subnets: subnets.subnets, transit: transit.addresses.values)
    }

    private func shares(_ lab: PacketLab, _ nodes: String...) async throws -> [Share] {
        var shares: [Share] = []
        let isWhole = try await eventually(within: .seconds(20)) {
            shares = try nodes.compactMap { try share(lab, $0) }
            return shares.count == nodes.count
        }
        try #require(isWhole, "not all of \(nodes) have ids and subnets")
        return shares
    }

    private static func manifest(_ nodes: String...) -> String {
        nodes.map { "---\napiVersion: v1\nkind: Node\nmetadata: {name: \($0)}\n" }.joined()
    }

    @Test(
        "nodes that join together while the cluster manager starts anew get what nobody has; the last finds nothing left"
    )
    func nodesJoin() async throws {
        let lab = try Packets.lab()
        let before = try await shares(lab, "n1", "n2")
        let routes = "ovn-nbctl lr-route-list ovn_cluster_router; ovn-nbctl show n1"
        let rows = try await lab.shell("node:n1", routes)
        let pid = try #require(try await lab.report { $0.cluster.pid != nil }.cluster.pid)
        let files = ["joined", "last"].map { "\(lab.directory)/manifests/\($0).yaml" }
        defer { for file in files { try? Files.remove(file) } }

        kill(pid_t(pid), SIGKILL)
        try Files.write(files[0], Self.manifest("n8", "n9"))
        let joined = try await shares(lab, "n8", "n9")
        try await lab.report { $0.cluster.pid != nil && $0.cluster.pid != pid }
        #expect(try await shares(lab, "n1", "n2") == before)
        let all = before + joined
        #expect(Set(all.map(\.id)).count == 4)
        #expect(Set(all.flatMap(\.subnets)).count == 8)
        #expect(Set(all.flatMap(\.transit)).count == 8)

        try Files.write(files[1], Self.manifest("n10"))
        let last = Node.id("n10")
        let isTold = try await eventually(within: .seconds(20)) {
            try lab.words(about: last, by: "cluster-manager", "NoSubnetLeft").contains {
                $0.contains("4") && $0.contains("10.244.0.0/27") && $0.contains("cluster-subnets")
            }
        }
        #expect(isTold, "\(lab.status(of: last, by: "cluster-manager").value?.text() ?? "nothing")")
        #expect(try lab.status(of: last, by: "cluster-manager")["events"].elements().count == 1)
        #expect(try share(lab, "n10") == nil)
        #expect(try await shares(lab, "n1", "n2", "n8", "n9") == all)
        #expect(try await lab.shell("node:n1", routes) == rows)
        for family in lab.families {
            #expect(try await lab.pings("t/a1", lab.address("t/b1", family)), "\(family)")
        }

        try Files.write(files[0], Self.manifest("n8"))
        let late = try await shares(lab, "n10")
        #expect(late[0].subnets == joined[1].subnets, "the subnets that n9 has given back")
        #expect(!all.dropLast().map(\.id).contains(late[0].id))
        let isQuiet = try await eventually(within: .seconds(20)) {
            try lab.words(about: last, by: "cluster-manager", "NoSubnetLeft").isEmpty
        }
        #expect(isQuiet)
    }
}
