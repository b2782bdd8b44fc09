import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// The switch itself ends. Last of the suite: for a minute a new connection may have the ports of one that its server
/// remembers and the new switch does not.
extension Packets.Services {
    @Test("answer again soon after the switch was killed, and keep their clients", .timeLimit(.minutes(3)))
    func switchEnds() async throws {
        let lab = try Packets.lab()
        let service = ServiceLab.Description(
            name: "survivor", number: 63, nodePort: 30063,
            more: ["sessionAffinity: ClientIP", "sessionAffinityConfig: {clientIP: {timeoutSeconds: 600}}"])
        try await lab.put(service)
        var ways: [Way] = []
        for family in lab.families {
            ways.append(Way(from: "t/ask", to: try #require(service.addresses(family)), port: 80))
            ways.append(Way(from: "outside", to: try await lab.address("node:n1", family), port: 30063))
        }
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, ServiceLab.answering) }
        var names: [String] = []
        for way in ways { names.append(try await lab.connect(way.from, way.to, way.port).first?.name ?? "-") }
        // What was learned is remembered twice a second.
        try await Task.sleep(for: .seconds(5))
        let old = try lab.process("ovs-vswitchd", of: "n1")
        kill(old, SIGKILL)
        let began = ContinuousClock.now
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, ServiceLab.answering) }
        let time = began.duration(to: .now)
        print("all ways answer \(time) after the switch was killed")
        #expect(time < .seconds(5))
        #expect(try lab.process("ovs-vswitchd", of: "n1") != old)
        for (way, name) in zip(ways, names) {
            let after = try await lab.connect(way.from, way.to, way.port, times: 3).map { $0.name ?? "-" }
            #expect(Set(after) == [name], "\(way): \(name), then \(after)")
        }
        try lab.remove(service)
    }
}
