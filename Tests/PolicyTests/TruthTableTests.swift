import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension InLabs {
    @Suite(
        "Random policies mean what the Kubernetes API says, dual-stack", InPolicyLab(name: "t-np-46", families: .v4v6))
    struct DualStack {
        @Test func table() async throws { try await RandomPolicies(seed: 1).run() }
    }

    @Suite("Random policies mean what the Kubernetes API says, IPv4", InPolicyLab(name: "t-np-4", families: .v4))
    struct OnlyV4 {
        @Test func table() async throws { try await RandomPolicies(seed: 2).run() }
    }

    @Suite("Random policies mean what the Kubernetes API says, IPv6", InPolicyLab(name: "t-np-6", families: .v6))
    struct OnlyV6 {
        @Test func table() async throws { try await RandomPolicies(seed: 3).run() }
    }
}

/// Generated sets of policies, one after the other in one lab, so that what one leaves behind is seen in the next.
struct RandomPolicies {
    let seed: UInt64
    /// `OVENBIRD_POLICY_CASES=500` for a long run.
    let count = getenv("OVENBIRD_POLICY_CASES").flatMap { Int(String(cString: $0)) } ?? 12

    func run() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        let addressed = world.pods.map { pod in
            var pod = pod
            pod.addresses = (prober.places[pod.key]?.addresses ?? [:]).mapValues(\.description)
            return pod
        }
        try await lab.set(world)
        let rows = try await rows(lab)
        for number in 0..<count {
            let caseSeed = seed &* 1_000_003 &+ UInt64(number)
            var generator = Generator(seed: caseSeed, families: lab.families, pods: addressed)
            world.policies = generator.policies()
            // Associations take a while: in every third case.
            let table = try await lab.table(world, prober, associations: number % 3 == 0)
            if table.wrong.isEmpty { continue }
            let small = try await shrink(table, world, lab, prober)
            Issue.record("case \(caseSeed): \(small.wrong.count) wrong of the smallest set\n\(small)")
            break
        }
        world.policies = []
        let after = try await lab.table(world, prober)
        #expect(after.wrong.isEmpty, "\(after)")
        #expect(try await self.rows(lab) == rows, "what policies made is gone with them")
        #expect(try lab.parseErrors() == [])
    }

    /// Port groups, address sets and rules of both zones, without their identities.
    private func rows(_ lab: PolicyLab) async throws -> [String] {
        var all: [String] = []
        for node in lab.record.nodes {
            for (table, columns) in [
                ("ACL", "match,action"), ("Port_Group", "name"), ("Address_Set", "name,addresses"),
            ] {
                all += try await lab.ask(
                    node, "ovn-nbctl", "--format=csv", "--no-headings", "--columns=\(columns)", "list", table
                )
                .split(separator: "\n").map { "\(node) \(table) \($0)" }.sorted()
            }
        }
        return all
    }

    /// The smallest set that is still wrong, by at most a few dozen tries.
    private func shrink(
        _ table: TruthTable, _ world: World, _ lab: PolicyLab, _ prober: Prober
    ) async throws -> TruthTable {
        var best = table
        var tries = 0
        var isSmaller = true
        while isSmaller, tries < 40 {
            isSmaller = false
            for candidate in best.oracle.policies.smaller {
                tries += 1
                var world = world
                world.policies = candidate
                let table = try await lab.table(world, prober, associations: best.hasAssociations)
                if !table.wrong.isEmpty {
                    best = table
                    isSmaller = true
                    break
                }
                if tries >= 40 { break }
            }
        }
        return best
    }
}
