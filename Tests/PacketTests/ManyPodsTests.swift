import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets.DualStack {
    @Test(
        "fifty pods that come at once to one node are attached, and OVN takes a second or two for each at most",
        .timeLimit(.minutes(3)))
    func manyPods() async throws {
        let lab = try Packets.lab()
        let names = (1...50).map { "many\($0)" }
        let file = "\(lab.directory)/manifests/many.yaml"
        let before = try await Self.share()
        let north = try await Monitor.start(lab, "n1", "OVN_Northbound", "Logical_Switch_Port", "name")
        let vswitch = try await Monitor.start(lab, "n1", "Open_vSwitch", "Interface", "name,external_ids")
        let links = try await Monitor.start(lab, "n1", "Open_vSwitch", "Interface", "external_ids,link_state")
        try Files.write(file, names.map(Self.idle).joined())
        let report = try await lab.report(within: .seconds(60)) { report in
            names.allSatisfy { name in report.pods.contains { $0.name == name && $0.phase == .running } }
        }
        let share = 3 * max(before, try await Self.share())
        let times = try await Self.times(names, north, vswitch)
        let milliseconds = times.values.map { Int($0 * 1000) }.sorted()
        print("measured: last write to installed, \(times.count) pods, ms: \(milliseconds); limit \(share) s")
        #expect(times.count == names.count)
        #expect(times.allSatisfy { $0.value < share }, "\(times.filter { $0.value >= share })")

        // No packet of a pod comes to the switch before its flows: the switch would remember to drop such packets.
        let early = try await Self.early(names, links)
        #expect(early == [], "links that were up before their port was installed")

        let pods = report.pods.filter { names.contains($0.name) }
        #expect(Set(pods.flatMap(\.addresses)).count == 2 * names.count)
        let all = pods.flatMap(\.addresses).compactMap { IPNetwork($0)?.address }
        let script = all.map { "ping -n -q -c 1 -i 0.2 -w 3 \($0) >/dev/null || echo \($0)" }.joined(separator: "\n")
        #expect(try await lab.shell("t/b1", script) == "", "pods that do not answer")

        try Files.remove(file)
        try await lab.report(within: .seconds(60)) { report in !report.pods.contains { names.contains($0.name) } }
        let isGone = try await eventually(within: .seconds(20)) {
            let left = try await lab.shell("node:n1", "ovn-nbctl lsp-list n1; ovs-vsctl list-ports br-int; ip -o link")
            return !left.contains("t_many") && !pods.contains { left.contains($0.sandbox.prefix(15)) }
        }
        #expect(isGone)
    }

    /// The pods whose link was seen up while their port was not installed; nil when some link is not seen up at all.
    private static func early(_ names: [String], _ links: Monitor) async throws -> [String]? {
        var early: [String]?
        _ = try await eventually(within: .seconds(5)) {
            let up = links.changes().map(\.row).filter { $0.hasSuffix(",up") || $0.hasPrefix("up,") }
            let own = names.map { name in (name, up.filter { $0.contains("iface-id=t_\(name),") }) }
            guard own.allSatisfy({ !$0.1.isEmpty }) else { return false }
            early = own.filter { !$0.1.allSatisfy { $0.contains("ovn-installed=\"\"true") } }.map(\.0)
            return true
        }
        return early
    }

    /// A second of two cores; more when others use them too. Others come and go: a machine that was quiet may be busy
    /// now, so it is asked twice, and several times its answer is allowed.
    private static func share() async throws -> Double {
        var others = 0
        for _ in 0..<20 {
            let running = try Files.read("/proc/stat").split(separator: "\n").first { $0.hasPrefix("procs_running ") }
            others += max(0, (running?.split(separator: " ").last.flatMap { Int($0) } ?? 1) - 1)
            try await Task.sleep(for: .milliseconds(20))
        }
        return (2 + Double(others) / 20) / 2
    }

    private static func idle(_ name: String) -> String {
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: \(name), namespace: t}\n"
            + "spec: {nodeName: n1, containers: [{name: idle}]}\n"
    }

    /// Seconds from the last row that a pod's port waits for until its flows are in the switch.
    private static func times(_ names: [String], _ north: Monitor, _ vswitch: Monitor) async throws -> [String: Double]
    {
        var times: [String: Double] = [:]
        _ = try await eventually(within: .seconds(20)) {
            let ports = north.changes().filter { $0.action == "insert" }
            let interfaces = vswitch.changes()
            times = [:]
            for name in names {
                let own = interfaces.filter { $0.row.contains("iface-id=t_\(name),") }
                guard let port = ports.first(where: { $0.row == "t_\(name)" }),
                    let interface = own.first(where: { $0.action == "insert" }),
                    let done = own.first(where: { $0.action == "new" && $0.row.contains("ovn-installed=\"\"true") })
                else { continue }
                times[name] = done.time - max(port.time, interface.time)
            }
            return times.count == names.count
        }
        return times
    }
}
