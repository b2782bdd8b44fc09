import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    private func lines(_ lab: PolicyLab, _ node: String, since: Int) throws -> [Substring] {
        let all = try Files.read("\(lab.paths.engineDirectory(node))/ovn-controller.log").split(separator: "\n")
        return all.dropFirst(since).filter { $0.contains("acl_log") }
    }

    private func count(_ lab: PolicyLab, _ node: String) throws -> Int {
        try Files.read("\(lab.paths.engineDirectory(node))/ovn-controller.log").split(separator: "\n").count
    }

    @Test("a namespace's verdicts are logged on the pod's node, with name and severity, until it asks no more")
    func logging() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = [.x(ingress: [.init(ports: [.init(number: 80)])])]
        world.annotations["x"] = ["k8s.ovn.org/acl-logging": #"{"deny":"alert","allow":"notice"}"#]
        try await lab.set(world)
        let start = try (count(lab, "n1"), count(lab, "n2"))
        let tries = [80, 81].map { Probe(from: "y/c", to: "x/a", transport: .tcp, port: $0, family: .v4) }
        let sixth = [80, 81].map { Probe(from: "y/c", to: "x/a", transport: .tcp, port: $0, family: .v6) }
        #expect(try await prober.run(sixth, within: 500) == [sixth[0]])
        let isLoggedV6 = try await eventually(within: .seconds(5)) {
            let lines = try lines(lab, "n1", since: start.0)
            return ["allow", "drop"].allSatisfy { verdict in
                lines.contains { $0.contains("verdict=\(verdict)") && $0.contains(": tcp6,") }
            }
        }
        #expect(isLoggedV6)
        #expect(try await prober.run(tries, within: 500) == [tries[0]])
        let isLogged = try await eventually(within: .seconds(5)) {
            let lines = try lines(lab, "n1", since: start.0)
            return lines.contains { $0.contains(#"name="NP:x:p:Ingress:0", verdict=allow, severity=notice"#) }
                && lines.contains { $0.contains(#"name="NP:x:Ingress", verdict=drop, severity=alert"#) }
        }
        let seen = try lines(lab, "n1", since: start.0)
        #expect(isLogged, "\(seen)")
        #expect(try lines(lab, "n2", since: start.1).isEmpty)
        try await readable(lab)
        try await followed(lab) { _ = try await prober.run(tries, within: 500) }

        world.annotations = [:]
        try await lab.set(world)
        let later = try count(lab, "n1")
        #expect(try await prober.run(tries, within: 500) == [tries[0]])
        #expect(try lines(lab, "n1", since: later).isEmpty)
    }

    /// The same lines, as `ovenbird logs` shows them.
    private func readable(_ lab: PolicyLab) async throws {
        func show(_ filter: String...) async throws -> [Substring] {
            let command = [Executables.ovenbird, "logs", "--lab", lab.paths.name, "--node", "n1"] + filter
            return try await onThread { try Command(command).run() }.split(separator: "\n")
        }
        let dropped = try await show("--pod", "x/a", "--verdict", "drop").last ?? ""
        #expect(dropped.contains("  n1  drop  y/c > x/a  tcp 81 (syn)  x ingress isolation  [alert]"), "\(dropped)")
        let allowed = try await show("--policy", "x/p", "-o", "json").last.map { try JSON(parsing: String($0)) }
        #expect(allowed?["from"] == "y/c" && allowed?["port"] == 80 && allowed?["verdict"] == "allow")
        #expect(try await show("--pod", "z/b").isEmpty)
        // As on a node that is no lab's: from its daemon and its engine's own log.
        let alone =
            try await onThread {
                try Command(
                    Executables.ovenbird, "logs", "--node-socket", "\(lab.paths.runDirectory("n1"))/control.sock",
                    "--log", "\(lab.paths.engineDirectory("n1"))/ovn-controller.log", "--pod", "x/a", "--verdict",
                    "drop"
                ).run()
            }.split(separator: "\n").last ?? ""
        #expect(alone == dropped)
        // Without the daemon there are addresses.
        let target = try #require(lab.places()["x/a"]?.addresses[.v4])
        let nameless = try await onThread {
            try Command(
                Executables.ovenbird, "logs", "--node-socket", "/run/ovenbird/none.sock",
                "--log", "\(lab.paths.engineDirectory("n1"))/ovn-controller.log", "--verdict", "drop"
            ).outcome()
        }
        #expect(nameless.output.contains("> \(target)  tcp 81") && nameless.errors.contains("Unreachable"))
    }

    /// Lines that come later, as `ovenbird logs --follow` shows them.
    private func followed(_ lab: PolicyLab, _ send: () async throws -> Void) async throws {
        let file = "\(lab.paths.directory)/followed"
        let output = try Descriptor(open: file, flags: O_WRONLY | O_CREAT)
        let command = [Executables.ovenbird, "logs", "--follow", "--lab", lab.paths.name, "--verdict", "drop"]
        let child = try ChildProcess(command, output: .descriptor(output))
        let isShown = try await eventually(within: .seconds(10)) {
            try await send()
            return try Files.read(file).contains("  n1  drop  y/c > x/a  tcp 81 (syn)  x ingress isolation")
        }
        _ = try await onThread { try child.stop() }
        #expect(isShown)
        #expect(try !Files.read(file).contains("  allow  "))
    }

    @Test("a burst is logged at the rate of the meter")
    func burst() async throws {
        let lab = try PolicyLab.get()
        var world = World.standard
        world.policies = [.x()]
        world.annotations["x"] = ["k8s.ovn.org/acl-logging": #"{"deny":"info"}"#]
        try await lab.set(world)
        let start = try count(lab, "n1")
        let target = try #require(lab.places()["x/a"]?.addresses[.v4])
        let began = ContinuousClock.now
        try await lab.shell(
            "y/a", "bash -c 'exec 3<>/dev/udp/\(target)/81; for i in {1..300}; do echo $i >&3; done 2>/dev/null'")
        let seconds = Int(began.duration(to: .now) / .seconds(1)) + 1
        let isLogged = try await eventually(within: .seconds(5)) { try !lines(lab, "n1", since: start).isEmpty }
        #expect(isLogged)
        // A full bucket, and what runs in while they are sent.
        let count = try lines(lab, "n1", since: start).count
        #expect(count <= 20 + 20 * seconds, "\(count) lines in \(seconds) s")
        #expect(count < 150)
    }
}

/// Looks again and again until something holds; false when it does not in time.
func eventually(within limit: Duration, _ holds: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await holds() { return true }
        try await Task.sleep(for: .milliseconds(50))
    }
    return false
}

@Suite("Lines of the engine's log")
struct PolicyLogLineTests {
    private let text =
        #"2026-11-23T08:39:21.727Z|00064|acl_log(ovn_pinctrl0)|INFO|name="NP:x:web:Ingress:2", verdict=allow, "#
        + "severity=info, direction=to-lport: tcp6,vlan_tci=0x0000,dl_src=0a:58:0a:f4:01:0d,dl_dst=0a:58:0a:f4:01:0c,"
        + "ipv6_src=fd00::d,ipv6_dst=fd00::c,ipv6_label=0x0,nw_tos=0,tp_src=38508,tp_dst=80,tcp_flags=syn"

    @Test("tell who, where to, and by which rule")
    func read() throws {
        let line = try #require(PolicyLogLine(text))
        #expect(line.rule == "x/web ingress rule 2")
        #expect(line.verdict == "allow" && line.severity == "info" && line.transport == "tcp6" && line.port == 80)
        #expect(line.source == IPAddress("fd00::d") && line.destination == IPAddress("fd00::c") && line.flags == "syn")
        #expect(PolicyLogLine(text.replacing("NP:x:web:Ingress:2", with: "NP:x:Egress"))?.rule == "x egress isolation")
        #expect(
            PolicyLogLine(text.replacing("NP:x:web:Ingress:2", with: "ANP:g:Egress:1"))?.rule == "admin g egress rule 1"
        )
    }

    @Test(
        "about other things are none",
        arguments: ["", "2026|1|lflow|WARN|error parsing match", "2026|1|acl_log|INFO|x"])
    func others(text: String) { #expect(PolicyLogLine(text) == nil) }
}
