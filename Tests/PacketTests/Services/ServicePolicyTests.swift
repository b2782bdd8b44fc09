import Core
import Linux
import Model
import Testing

@testable import Lab

/// Services of pods that policies isolate.
extension Packets.Services {
    /// All pods, but for these rules in and out.
    private func isolate(_ lab: PacketLab, in ingress: String, out egress: String) throws -> String {
        let file = "\(lab.directory)/manifests/policy.yaml"
        try Files.write(
            file,
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: all, namespace: t}
            spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [\(ingress)], egress: [\(egress)]}

            """)
        return file
    }

    @Test("answer each of a hundred connections from outside when policies track them too", .timeLimit(.minutes(3)))
    func tracked() async throws {
        let lab = try Packets.lab()
        let service = ServiceLab.Description(name: "tracked", number: 45, nodePort: 30045)
        try await lab.put(service)
        let file = try isolate(lab, in: "{}", out: "{}")
        let isIsolated = try await eventually(within: .seconds(10)) {
            try await !lab.shell("node:n1", "ovn-nbctl --bare --columns=action find ACL action=allow-related").isEmpty
        }
        #expect(isIsolated)
        for family in lab.families {
            let node = try await lab.address("node:n1", family)
            try await lab.waitFor("outside", node, 30045, ServiceLab.answering)
            let before = try await lab.retransmissions("outside")
            let outcomes = try await lab.connect("outside", node, 30045, times: 100)
            #expect(try await lab.retransmissions("outside") == before, "a packet was lost")
            #expect(
                outcomes.count == 100 && outcomes.allSatisfy { $0.name.map(ServiceLab.answering.contains) ?? false },
                "\(outcomes.filter { !($0.name.map(ServiceLab.answering.contains) ?? false) })")
            #expect(Set(outcomes.compactMap(\.name)) == ServiceLab.answering)
        }
        for node in lab.record.nodes { #expect(try await lab.recirculationDrops(node) == "0\n", "\(node)") }
        try Files.remove(file)
        try lab.remove(service)
    }

    @Test("lead a pod to itself though a policy denies everybody, and nobody else", .timeLimit(.minutes(3)))
    func hairpin() async throws {
        let lab = try Packets.lab()
        try await lab.put(ServiceLab.itself)
        for family in lab.families {
            try await lab.waitFor("t/ask", try #require(ServiceLab.itself.addresses(family)), 80, ["ask"])
        }
        let file = try isolate(lab, in: "", out: "")
        for family in lab.families {
            let address = try #require(ServiceLab.itself.addresses(family))
            let isDenied = try await eventually(within: .seconds(10)) {
                try await lab.connect("t/s1", address, 80) == [.silence]
            }
            #expect(isDenied)
            let own = IPAddress(family == .v4 ? "169.254.169.5" : "fd69::5")
            let outcomes = try await lab.connect("t/ask", address, 80, times: 5)
            #expect(outcomes == Array(repeating: .answered("ask", by: own), count: 5), "\(outcomes)")
        }
        try Files.remove(file)
        for family in lab.families {
            try await lab.waitFor("t/s1", try #require(ServiceLab.itself.addresses(family)), 80, ["ask"])
        }
    }
}
