import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    private static let enabled = ["k8s.ovn.org/multicast-enabled": "true"]

    /// Which of the pods hear what one sends to a group, joined for real, with this time to live.
    private func hearing(
        _ lab: PolicyLab, from sender: String, _ listeners: [String], _ family: Family, hops: Int = 8
    ) async throws -> Set<String> {
        let group = family == .v4 ? "239.1.2.3" : "ff1e::123"
        var processes: [ChildProcess] = []
        let directory = "/tmp/ovbt-mcast-\(getpid())"
        try Files.makeDirectory(directory)
        for listener in listeners {
            let file = "\(directory)/\(listener.replacing("/", with: "-"))"
            try? Files.remove(file)
            let options =
                family == .v4
                ? "UDP4-RECVFROM:7777,reuseaddr,fork,ip-add-membership=\(group):eth0"
                : "UDP6-RECVFROM:7777,reuseaddr,fork,ipv6-join-group=[\(group)]:eth0"
            processes.append(
                try await onThread { [probe = lab.probe] in
                    try probe.start(
                        listener, ["sh", "-c", "exec socat -u \(options) SYSTEM:'cat >>\(file)' 2>/dev/null"])
                })
        }
        defer { for process in processes { _ = try? process.stop(grace: .milliseconds(100)) } }
        for listener in listeners {
            let joined = try await eventually(within: .seconds(5)) {
                try await lab.shell(listener, "ip -\(family.rawValue) maddr show dev eth0").contains(group)
            }
            try #require(joined, "\(listener) did not join")
        }
        // The join itself has to travel; the sender repeats itself until the control is heard or time is over.
        let socket =
            family == .v4
            ? "UDP4-DATAGRAM:\(group):7777,ip-multicast-ttl=\(hops),ip-multicast-if=$(ip -4 -o addr show dev eth0 | awk '{print $4}' | cut -d/ -f1)"
            : "UDP6-DATAGRAM:[\(group)]:7777,setsockopt-int=41:18:\(hops)"
        try await lab.shell(
            sender, "for i in 1 2 3 4 5 6 7 8; do echo hello | timeout 1 socat -u - \"\(socket)\"; sleep 0.2; done")
        return Set(
            listeners.filter { listener in
                ((try? Files.read("\(directory)/\(listener.replacing("/", with: "-"))")) ?? "").contains("hello")
            })
    }

    @Test("pods of a namespace that asks hear each other, on a node and across; nobody else sends or hears")
    func multicast() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.annotations["x"] = Self.enabled
        try await lab.set(world)
        let all = ["x/b", "x/c", "y/a", "y/c"]
        for family in lab.families {
            let heard = try await hearing(lab, from: "x/a", all, family)
            #expect(heard == ["x/b", "x/c"], "\(family): \(heard)")
            let strange = try await hearing(lab, from: "y/b", all, family)
            #expect(strange == [], "\(family): \(strange)")
        }
        #expect(try lab.parseErrors() == [])
        // What asks differently has not asked.
        world.annotations["x"] = ["k8s.ovn.org/multicast-enabled": "yes"]
        world.annotations["y"] = Self.enabled
        try await lab.set(world)
        for family in lab.families { #expect(try await hearing(lab, from: "x/a", all, family) == [], "\(family)") }
        try await lab.set(.standard)
        let settings = try await lab.ask("n1", "ovn-nbctl", "get", "logical_switch", "n1", "other_config")
        #expect(!settings.contains("mcast_"), "\(settings)")
    }

    @Test("what has too few hops left stays on its node")
    func hops() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.annotations["x"] = Self.enabled
        try await lab.set(world)
        for family in lab.families {
            #expect(try await hearing(lab, from: "x/a", ["x/b", "x/c"], family, hops: 1) == ["x/b"], "\(family)")
            #expect(
                try await hearing(lab, from: "x/a", ["x/b", "x/c"], family, hops: 3) == ["x/b", "x/c"], "\(family)")
        }
        // From the other node too; an isolated pod takes part.
        world.policies = [.x()]
        try await lab.set(world)
        #expect(try await hearing(lab, from: "x/c", ["x/a", "x/b"], .v4) == ["x/a", "x/b"])
        #expect(try lab.parseErrors() == [])
        try await lab.set(.standard)
    }
}
