import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets.Services {
    /// Silence longer than this ends it.
    private static let timeout = 4

    private func sticky(_ number: Int, timeout: Int = timeout) -> ServiceLab.Description {
        ServiceLab.Description(
            name: "sticky\(number)", number: number, nodePort: 30000 + number,
            more: [
                "sessionAffinity: ClientIP", "sessionAffinityConfig: {clientIP: {timeoutSeconds: \(timeout)}}",
            ])
    }

    /// The ways to a service: a pod by the switch, the host and the outside by the gateway router, in both families.
    private func ways(_ lab: PacketLab, _ service: ServiceLab.Description) async throws -> [(String, IPAddress, Int)] {
        var ways: [(String, IPAddress, Int)] = []
        for family in lab.families {
            let inside = try #require(service.addresses(family))
            ways.append(("t/ask", inside, 80))
            ways.append(("node:n1", inside, 80))
            ways.append(("outside", try await lab.address("node:n1", family), service.nodePort ?? 0))
        }
        for (from, to, port) in ways { try await lab.waitFor(from, to, port, ServiceLab.answering) }
        return ways
    }

    private func silence(_ seconds: Int) async throws { try await Task.sleep(for: .seconds(seconds)) }

    @Test(
        "keep a client's connections together, the first ones too, also when many come at once", .timeLimit(.minutes(2))
    )
    func together() async throws {
        let lab = try Packets.lab()
        let service = sticky(70)
        try await lab.put(service)
        let ways = try await ways(lab, service)
        for _ in 0..<2 {
            try await silence(Self.timeout + 4)
            for (from, to, port) in ways {
                let server = to.family == .v4 ? "TCP4:\(to):\(port)" : "TCP6:[\(to)]:\(port)"
                let output = try await lab.shell(
                    from,
                    "for i in $(seq 20); do socat -T5 -u \(server),connect-timeout=5 - 2>&1 | tail -1 & done; wait")
                let names = output.split(separator: "\n").map { PacketLab.Answer(String($0)).name }
                #expect(names.count == 20 && Set(names).count == 1, "\(from) \(to): \(Set(names))")
                #expect(ServiceLab.answering.contains(names.first ?? ""))
            }
        }
        try lab.remove(service)
    }

    @Test("begin to count anew with each connection, and end only after silence", .timeLimit(.minutes(2)))
    func restartsAndEnds() async throws {
        let lab = try Packets.lab()
        let service = sticky(71)
        try await lab.put(service)
        let ways = try await ways(lab, service)
        // Three connections within the time, each the time's half and more after the one before.
        for (from, to, port) in ways {
            let names = try await lab.shell(
                from, "for i in 1 2 3 4; do socat -T3 -u \(socat(to, port)),connect-timeout=3 -; sleep 2.5; done")
            #expect(
                Set(names.split(separator: "\n").map { PacketLab.Answer(String($0)).name }).count == 1, "\(from) \(to)")
        }
        var chosen: [Set<String>] = ways.map { _ in [] }
        for _ in 0..<6 where chosen.contains(where: { $0.count < 2 }) {
            try await silence(Self.timeout + 4)
            #expect(try await learned(lab, "n1").isEmpty)
            for (place, way) in ways.enumerated() {
                if let name = try await lab.connect(way.0, way.1, way.2).first?.name { chosen[place].insert(name) }
            }
        }
        // Six independent ways, six choices each: that one of them never changes has a chance of one in five.
        #expect(chosen.count { $0.count == 2 } >= 3, "\(chosen)")
        try lab.remove(service)
    }

    private func socat(_ to: IPAddress, _ port: Int) -> String {
        to.family == .v4 ? "TCP4:\(to):\(port)" : "TCP6:[\(to)]:\(port)"
    }

    private func learned(_ lab: PacketLab, _ node: String) async throws -> String {
        let socket = "\(lab.paths.runDirectory(node))/engine/br-int.mgmt"
        return try await lab.shell(
            "node:\(node)", "ovs-ofctl -O OpenFlow15 --no-stats dump-flows unix:\(socket) table=200")
    }

    @Test("are kept by the packets of one long connection", .timeLimit(.minutes(2)))
    func longConnection() async throws {
        let lab = try Packets.lab()
        var service = sticky(72)
        service.target = 8090
        try await lab.serving("t/s1", tcp: 8090, "SYSTEM:'echo s1; cat'") {
            try await lab.serving("t/s2", tcp: 8090, "SYSTEM:'echo s2; cat'") {
                try await lab.put(service)
                let ways = try await ways(lab, service)
                for (from, to, port) in ways {
                    let first = try await lab.shell(
                        from,
                        "(for i in $(seq \(Self.timeout * 3 / 2)); do sleep 1; echo x; done) "
                            + "| socat -t1 - \(socat(to, port)) | { read first; cat >/dev/null; echo $first; }")
                    let later = try await lab.connect(from, to, port, times: 6).map { $0.name ?? "-" }
                    let name = PacketLab.Answer(first.trimmed).name
                    #expect(ServiceLab.answering.contains(name))
                    #expect(Set(later) == [name], "\(from) \(to): \(name), then \(later)")
                }
            }
        }
        try lab.remove(service)
    }

    @Test("let go of a backend that is gone at once, and keep to the next", .timeLimit(.minutes(1)))
    func backendGone() async throws {
        let lab = try Packets.lab()
        var service = sticky(73, timeout: 600)
        try await lab.put(service)
        let (from, to, port) = try #require(try await ways(lab, service).first)
        let name = try #require(try await lab.connect(from, to, port).first?.name)
        let other = try #require(ServiceLab.answering.subtracting([name]).first)
        service.pods = [other]
        try await lab.put(service)
        try await lab.waitFor(from, to, port, [other])
        service.pods = ["s1", "s2"]
        try await lab.put(service)
        try await silence(1)
        let names = try await lab.connect(from, to, port, times: 10).map { $0.name ?? "-" }
        #expect(Set(names) == [other], "\(names)")
        try lab.remove(service)
    }

    @Test(
        "live through the end of ovn-controller, also for times that no flow's timer can hold",
        .timeLimit(.minutes(1)), arguments: [(74, 600), (75, 86_400)])
    func controllerEnds(number: Int, timeout: Int) async throws {
        let lab = try Packets.lab()
        let service = sticky(number, timeout: timeout)
        try await lab.put(service)
        let ways = try await ways(lab, service)
        var before: [String] = []
        for (from, to, port) in ways { before.append(try await lab.connect(from, to, port).first?.name ?? "-") }
        // What was learned is remembered every second.
        try await silence(3)
        let flows = try await learned(lab, "n1").split(separator: "\n").count
        let file = "\(lab.paths.runDirectory("n1"))/engine/ovn-controller.pid"
        let pid = try #require(pid_t(try Files.read(file).filter(\.isNumber)))
        kill(pid, SIGKILL)
        let isBack = try await eventually(within: .seconds(5)) {
            (try? Files.read(file)).flatMap { pid_t($0.filter(\.isNumber)) } != pid
        }
        #expect(isBack)
        let isLearned = try await eventually(within: .seconds(5)) {
            try await learned(lab, "n1").split(separator: "\n").count >= flows
        }
        #expect(isLearned)
        try await silence(1)
        for (way, name) in zip(ways, before) {
            let names = try await lab.connect(way.0, way.1, way.2, times: 5).map { $0.name ?? "-" }
            #expect(Set(names) == [name], "\(way.0) \(way.1): \(name), then \(names)")
        }
        try lab.remove(service)
    }
}

extension String {
    fileprivate var trimmed: String { String(prefix { $0 != "\n" }) }
}
