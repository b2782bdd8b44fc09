import Core
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
        #expect(try await prober.run(tries, within: 500) == [tries[0]])
        let isLogged = try await eventually(within: .seconds(5)) {
            let lines = try lines(lab, "n1", since: start.0)
            return lines.contains { $0.contains(#"name="NP:x:p:Ingress:0", verdict=allow, severity=notice"#) }
                && lines.contains { $0.contains(#"name="NP:x:Ingress", verdict=drop, severity=alert"#) }
        }
        let seen = try lines(lab, "n1", since: start.0)
        #expect(isLogged, "\(seen)")
        #expect(try lines(lab, "n2", since: start.1).isEmpty)

        world.annotations = [:]
        try await lab.set(world)
        let later = try count(lab, "n1")
        #expect(try await prober.run(tries, within: 500) == [tries[0]])
        #expect(try lines(lab, "n1", since: later).isEmpty)
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
        try await lab.shell("y/a", "ping -f -q -c 300 -w 1 \(target)")
        let isLogged = try await eventually(within: .seconds(5)) { try !lines(lab, "n1", since: start).isEmpty }
        #expect(isLogged)
        #expect(try lines(lab, "n1", since: start).count <= 60)
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
