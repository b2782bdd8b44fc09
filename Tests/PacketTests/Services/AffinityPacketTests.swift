import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets.Services {
    /// Silence longer than this ends it.
    static let timeout = 4

    func sticky(_ number: Int, timeout: Int = timeout) -> ServiceLab.Description {
        ServiceLab.Description(
            name: "sticky\(number)", number: number, nodePort: 30000 + number,
            more: [
                "sessionAffinity: ClientIP", "sessionAffinityConfig: {clientIP: {timeoutSeconds: \(timeout)}}",
            ])
    }

    /// The ways to a service: a pod by the switch, the host and the outside by the gateway router, in both families.
    func ways(
        _ lab: PacketLab, _ service: ServiceLab.Description, answering: Set<String> = ServiceLab.answering
    ) async throws -> [(String, IPAddress, Int)] {
        var ways: [(String, IPAddress, Int)] = []
        for family in lab.families {
            let inside = try #require(service.addresses(family))
            ways.append(("t/ask", inside, 80))
            ways.append(("node:n1", inside, 80))
            ways.append(("outside", try await lab.address("node:n1", family), service.nodePort ?? 0))
        }
        for (from, to, port) in ways { try await lab.waitFor(from, to, port, answering) }
        return ways
    }

    /// Tries all ways at once.
    func each<T: Sendable>(
        _ ways: [(String, IPAddress, Int)], _ run: @escaping @Sendable (String, IPAddress, Int) async throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            for (place, way) in ways.enumerated() {
                group.addTask { (place, try await run(way.0, way.1, way.2)) }
            }
            var found: [(Int, T)] = []
            for try await one in group { found.append(one) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    func silence(_ seconds: Int) async throws { try await Task.sleep(for: .seconds(seconds)) }

    @Test("keep a client's connections together, the first too, also when many come at once", .timeLimit(.minutes(3)))
    func together() async throws {
        let lab = try Packets.lab()
        var service = sticky(70)
        service.target = 8091
        try await lab.answering("t/s1", 8091, as: "s1") {
            try await lab.answering("t/s2", 8091, as: "s2") {
                try await lab.put(service)
                let ways = try await ways(lab, service)
                for _ in 0..<2 {
                    try await silence(Self.timeout + 4)
                    for (from, to, port) in ways {
                        let connect = "socat -T5 -u \(socat(to, port)),connect-timeout=5 - 2>&1"
                        let script = "for i in $(seq 20); do \(connect) & done; wait"
                        let output = try await lab.shell(from, script, deadline: .seconds(60))
                        let names = output.split(separator: "\n").map { PacketLab.Answer(String($0)).name }
                        #expect(names.count == 20 && Set(names).count == 1, "\(from) \(to): \(output)")
                        #expect(ServiceLab.answering.contains(names.first ?? ""))
                    }
                }
            }
        }
        try lab.remove(service)
    }

    @Test("begin to count anew with each connection, and end only after silence", .timeLimit(.minutes(3)))
    func restartsAndEnds() async throws {
        let lab = try Packets.lab()
        let service = sticky(71)
        try await lab.put(service)
        let ways = try await ways(lab, service)
        // Each connection comes when more than half of the time has gone by since the one before.
        let kept = try await each(ways) { from, to, port in
            try await lab.shell(
                from, "for i in 1 2 3 4; do socat -T3 -u \(socat(to, port)),connect-timeout=3 -; sleep 2.1; done")
        }
        for (way, output) in zip(ways, kept) {
            let names = output.split(separator: "\n").map { PacketLab.Answer(String($0)).name }
            #expect(names.count == 4 && Set(names).count == 1, "\(way.0) \(way.1): \(names)")
        }
        var chosen: [Set<String>] = ways.map { _ in [] }
        for _ in 0..<6 where chosen.count(where: { $0.count == 2 }) < 3 {
            try await silence(Self.timeout + 4)
            #expect(try await eventually(within: .seconds(10)) { try await learned(lab, "n1").isEmpty })
            let names = try await each(ways) { try await lab.connect($0, $1, $2).first?.name }
            for (place, name) in names.enumerated() {
                chosen[place].insert(try #require(name, "\(ways[place]): nobody answers the first after a silence"))
            }
        }
        // Six ways choose six times each. That three never change has a chance of less than one in a thousand.
        #expect(chosen.count { $0.count == 2 } >= 3, "\(chosen)")
        try lab.remove(service)
    }

    @Sendable private func socat(_ to: IPAddress, _ port: Int) -> String {
        to.family == .v4 ? "TCP4:\(to):\(port)" : "TCP6:[\(to)]:\(port)"
    }

    /// How many seconds ago each learned flow was made.
    func ages(_ lab: PacketLab, _ node: String) async throws -> [Double] {
        let socket = "\(lab.paths.runDirectory(node))/engine/br-int.mgmt"
        let text = try await lab.shell(
            "node:\(node)",
            "ovs-ofctl -O OpenFlow15 dump-flows unix:\(socket) table=200 | grep -o 'duration=[0-9.]*' || true")
        return text.split(separator: "\n").compactMap { Double($0.dropFirst(9)) }
    }

    /// How many flows on the integration bridge are the program's.
    func ownFlows(_ lab: PacketLab, _ node: String) async throws -> String {
        let socket = "\(lab.paths.runDirectory(node))/engine/br-int.mgmt"
        return try await lab.shell(
            "node:\(node)",
            "ovs-ofctl -O OpenFlow15 dump-aggregate unix:\(socket) cookie=0x6f76656e00000000/0xffffffff00000000 "
                + "| grep -o flow_count=.*")
    }

    func learned(_ lab: PacketLab, _ node: String) async throws -> String {
        let socket = "\(lab.paths.runDirectory(node))/engine/br-int.mgmt"
        return try await lab.shell(
            "node:\(node)", "ovs-ofctl -O OpenFlow15 --no-stats dump-flows unix:\(socket) table=200")
    }

    @Test("are kept by the packets of one long connection", .timeLimit(.minutes(3)))
    func longConnection() async throws {
        let lab = try Packets.lab()
        var service = sticky(72)
        service.target = 8090
        try await lab.answering("t/s1", 8090, as: "s1", echo: true) {
            try await lab.answering("t/s2", 8090, as: "s2", echo: true) {
                try await lab.put(service)
                let ways = try await ways(lab, service)
                let seen = try await each(ways) { from, to, port in
                    let first = try await lab.shell(
                        from,
                        "(for i in $(seq \(Self.timeout * 2)); do sleep 1; echo x; done) "
                            + "| socat -t1 - \(socat(to, port)) | { read first rest; cat >/dev/null; echo $first; }")
                    return (first.trimmed, try await lab.firstWords(Way(from: from, to: to, port: port), times: 6))
                }
                for (way, (first, later)) in zip(ways, seen) {
                    #expect(ServiceLab.answering.contains(first), "\(way.0) \(way.1)")
                    #expect(later.count == 6 && Set(later) == [first], "\(way.0) \(way.1): \(first), then \(later)")
                }
            }
        }
        try lab.remove(service)
    }

    private func addresses(_ lab: PacketLab, _ pods: [String]) async throws -> [String: IPAddress] {
        var all: [String: IPAddress] = [:]
        for pod in pods { all[pod] = try await lab.address("t/\(pod)", .v4) }
        return all
    }

    @Test("let go of a backend that is gone at once, keep to the next, and mind no other", .timeLimit(.minutes(3)))
    func backendGone() async throws {
        let lab = try Packets.lab()
        var service = sticky(73, timeout: 600)
        service.pods = ["s1", "s2", "far"]
        try await lab.put(service)
        let ways = try await ways(lab, service, answering: ["s1", "s2", "far"])
        func names() async throws -> [Set<String>] {
            try await each(ways) { from, to, port in
                Set(try await lab.connect(from, to, port, times: 3).map { $0.name ?? "-" })
            }
        }
        func change(_ pods: [String]) async throws {
            service.pods = pods
            try await lab.put(service)
            let balancer = "ovn-nbctl --bare --columns=vips find Load_Balancer name=Service_t/sticky73_TCP_cluster"
            let all = try await addresses(lab, ["s1", "s2", "far"])
            let isSet = try await eventually(within: .seconds(20)) {
                let vips = try await lab.shell("node:n1", balancer)
                return all.allSatisfy { vips.contains("\($0.value):8080") == pods.contains($0.key) }
            }
            #expect(isSet)
            try await lab.shell("node:n1", "ovn-nbctl --timeout=20 --wait=hv sync")
            // The flows that keep clients are not OVN's.
            let isSettled = try await eventually(within: .seconds(20)) {
                try await lab.ovenbird("explain", "service", "t/sticky73", "--node", "n1").output.contains("· settled")
            }
            #expect(isSettled)
            try await silence(1)
        }
        let first = try await names()
        #expect(first.allSatisfy { $0.count == 1 }, "\(first)")
        // Of each backend in turn: who had it has one other, the rest keep theirs, also when it is back.
        var before = first
        for gone in ["s1", "s2", "far"] {
            try await change(["s1", "s2", "far"].filter { $0 != gone })
            let after = try await names()
            for (place, way) in ways.enumerated() {
                let isRight = before[place] == [gone] ? after[place].count == 1 : after[place] == before[place]
                #expect(isRight && !after[place].contains(gone), "\(way): \(before[place]), then \(after[place])")
            }
            try await change(["s1", "s2", "far"])
            #expect(try await names() == after)
            before = after
        }
        try lab.remove(service)
    }

    @Test(
        "live through the end of ovn-controller, also for times that no flow's timer can hold",
        .timeLimit(.minutes(3)), arguments: [(74, 600), (75, 86_400)])
    func controllerEnds(number: Int, timeout: Int) async throws {
        let lab = try Packets.lab()
        let service = sticky(number, timeout: timeout)
        #expect(try await eventually(within: .seconds(10)) { try await learned(lab, "n1").isEmpty })
        try await lab.put(service)
        let ways = try await ways(lab, service)
        var before: [String] = []
        for (from, to, port) in ways { before.append(try await lab.connect(from, to, port).first?.name ?? "-") }
        // What was learned is remembered every second.
        try await silence(5)
        let file = "\(lab.paths.runDirectory("n1"))/engine/ovn-controller.pid"
        let pid = try #require(pid_t(try Files.read(file).filter(\.isNumber)))
        let flows = try await ages(lab, "n1").count
        let own = try await ownFlows(lab, "n1")
        let began = ContinuousClock.now
        kill(pid, SIGKILL)
        // The flows are there again: all are younger than the end of the old process.
        let isLearned = try await eventually(within: .seconds(30)) {
            let ages = try await ages(lab, "n1")
            let elapsed = Double(began.duration(to: .now) / .milliseconds(1)) / 1000
            return try await ownFlows(lab, "n1") == own && ages.count >= flows && ages.allSatisfy { $0 < elapsed }
        }
        #expect(isLearned)
        let time = began.duration(to: .now)
        print("ovn-controller's flows and those beside them are back \(time) after its end")
        #expect(time < .seconds(5))
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
