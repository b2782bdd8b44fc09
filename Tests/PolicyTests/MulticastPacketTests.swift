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
        // Nobody asks: the switch keeps track of nothing, and what it floods is nobody's to send or to hear.
        try await lab.set(.standard)
        let settings = try await lab.ask("n1", "ovn-nbctl", "get", "logical_switch", "n1", "other_config")
        #expect(!settings.contains("mcast_"), "\(settings)")
        for family in lab.families { #expect(try await hearing(lab, from: "x/a", all, family) == [], "\(family)") }
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

    @Test(
        "a pod that comes later hears; who takes the annotation back, or says another word, is silent within a second")
    func changes() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.annotations["x"] = Self.enabled
        try await lab.set(world)
        let late = TestPod(namespace: "x", name: "late", labels: [:], node: "n2", ports: [:])
        world.more = [late.json]
        try await lab.set(world)
        let isUp = try await eventually(within: .seconds(20)) { try lab.places()["x/late"] != nil }
        try #require(isUp)
        for family in lab.families {
            let heard = try await hearing(lab, from: "x/a", ["x/late", "y/c"], family)
            #expect(heard == ["x/late"], "\(family): \(heard)")
            #expect(try await hearing(lab, from: "x/late", ["x/b"], family) == ["x/b"], "\(family)")
        }
        let file = "/tmp/ovbt-mcast-steady-\(getpid())"
        defer { try? Files.remove(file) }
        let listener = try await onThread { [probe = lab.probe] in
            let options = "ip-add-membership=239.1.2.3:eth0"
            return try probe.start(
                "x/b", ["sh", "-c", "exec socat -u UDP4-RECV:7777,reuseaddr,\(options) OPEN:\(file),creat,append"])
        }
        defer { _ = try? listener.stop(grace: .milliseconds(100)) }
        func size() -> Int { ((try? Files.read(file)) ?? "").utf8.count }
        let group = try #require(IPAddress("239.1.2.3"))
        try await lab.prober().sending("x/a", to: [group], port: 7777) {
            for word in ["True", "yes", "", nil] {
                world.annotations["x"] = Self.enabled
                try await lab.set(world)
                let before = size()
                // With the first namespace that asks, the switch has to ask who listens.
                let isHeard = try await eventually(within: .seconds(15)) { size() > before }
                #expect(isHeard, "before \(word ?? "nothing")")
                world.annotations["x"] = word.map { ["k8s.ovn.org/multicast-enabled": $0] }
                try await lab.set(world)
                let isSilent = try await eventually(within: .seconds(3)) {
                    let before = size()
                    try await Task.sleep(for: .milliseconds(300))
                    return size() == before
                }
                #expect(isSilent, "\(word ?? "nothing")")
            }
        }
        try await lab.set(.standard)
    }

    @Test("switched off, the module leaves not a row and not a setting, and groups are flooded; on, it is as before")
    func off() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.annotations["x"] = Self.enabled
        try await lab.set(world)
        func rows() async throws -> [String] {
            var all: [String] = []
            for node in lab.record.nodes {
                for (table, columns) in [
                    ("ACL", "priority,direction,match"), ("Port_Group", "name"), ("Address_Set", "name,addresses"),
                    ("Logical_Switch", "name,other_config"), ("Logical_Router", "name,options"),
                ] {
                    all += try await lab.ask(
                        node, "ovn-nbctl", "--format=csv", "--no-headings", "--columns=\(columns)", "list", table
                    ).split(separator: "\n").map { "\(node) \(table) \($0)" }.sorted()
                }
            }
            return all
        }
        func toggle(_ word: String) async throws {
            _ = try await onThread {
                let more = word == "disable" ? ["--yes"] : []
                try Command(
                    [Executables.ovenbird, "modules", word, "multicast", "--lab", lab.paths.name] + more
                ).run()
            }
        }
        let before = try await rows()
        #expect(before.contains { $0.contains("mcast_snoop") } && before.contains { $0.contains("mcast_relay") })
        try await toggle("disable")
        try await lab.set(world)
        let without = try await rows()
        // The transit switch is always made so, by the pod network.
        let left = without.filter { $0.contains("mcast") || $0.contains("mld") }
            .filter { !$0.contains("Logical_Switch transit_switch,") }
        #expect(left.isEmpty, "\(left)")
        #expect(without.count < before.count)
        // Flooded on its own node, whoever listens, and never across.
        #expect(try await hearing(lab, from: "x/a", ["x/b", "x/c"], .v4) == ["x/b"])
        var plain = World.standard
        try await lab.set(plain)
        #expect(try await rows() == without)
        plain.annotations["x"] = Self.enabled
        try await lab.set(plain)
        try await toggle("enable")
        try await lab.set(plain)
        #expect(try await rows() == before)
        // On and asked by nobody, there are the rules of the nodes' switches and no more.
        try await lab.set(.standard)
        let denied = try await rows().filter { !without.contains($0) }
        #expect(denied.count == 4 * lab.record.nodes.count, "\(denied)")
        #expect(denied.allSatisfy { $0.contains(" ACL 1011,") || $0.contains(" ACL 1012,") }, "\(denied)")
    }
}
