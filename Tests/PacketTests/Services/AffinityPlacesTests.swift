import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// Session affinity of several clients, by datagrams, and through restarts.
extension Packets.Services {
    private func inside(_ service: ServiceLab.Description, _ from: String = "t/ask") throws -> Way {
        Way(from: from, to: try #require(service.addresses(.v4)), port: 80)
    }

    @Test("know each client, each service and each port apart", .timeLimit(.minutes(3)))
    func independent() async throws {
        let lab = try Packets.lab()
        let one = sticky(76, timeout: 600)
        #expect(try await eventually(within: .seconds(10)) { try await learned(lab, "n1").isEmpty })
        let two = sticky(77, timeout: 600)
        for service in [one, two] { try await lab.put(service) }
        let ways = try [inside(one), inside(one, "t/s1"), inside(two), inside(two, "t/s1")]
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, ServiceLab.answering) }
        // The balancer may be there before the flows that keep clients.
        for service in [one, two] {
            let isSettled = try await eventually(within: .seconds(10)) {
                try await lab.ovenbird("explain", "service", "t/\(service.name)", "--node", "n1").output.contains(
                    "· settled")
            }
            #expect(isSettled)
        }
        var names: [Set<String>] = []
        for way in ways {
            names.append(Set(try await lab.connect(way.from, way.to, way.port, times: 4).map { $0.name ?? "-" }))
        }
        #expect(names.allSatisfy { $0.count == 1 }, "\(names)")
        let datagrams = Set(try await lab.datagrams(try inside(one), times: 4).map(\.name))
        #expect(datagrams.count == 1)
        let own = Way(from: "t/ask", to: try await lab.address("node:n1", .v4), port: 30_076)
        try await lab.waitFor(own.from, own.to, own.port, ServiceLab.answering)
        let otherPort = Set(try await lab.connect(own.from, own.to, own.port, times: 4).map { $0.name ?? "-" })
        #expect(otherPort.count == 1, "\(otherPort)")
        // On the pods' own switch; before the service was there, somebody may have come to the router.
        let key = try await lab.shell(
            "node:n1", "ovn-sbctl --bare --columns=tunnel_key find Datapath_Binding external_ids:name=n1")
        let place = "metadata=0x\(String(try #require(Int(key.filter(\.isNumber))), radix: 16)),"
        let flows = try await learned(lab, "n1").split(separator: "\n").filter { $0.contains(place) }
        for way in ways + [own] {
            let client = try await lab.address(way.from, .v4)
            let own = flows.filter {
                $0.contains("tcp,") && $0.contains("nw_src=\(client),") && $0.contains("nw_dst=\(way.to),")
            }
            #expect(own.count == 1, "\(way): \(own)")
        }
        let client = try await lab.address("t/ask", .v4)
        #expect(flows.count { $0.contains("udp,") } == 1)
        #expect(flows.count { $0.contains("nw_src=\(client),") } == 4)
        // The end of one service's clients is not that of the other's.
        try lab.remove(one)
        let isGone = try await eventually(within: .seconds(20)) {
            try await !learned(lab, "n1").contains("nw_dst=\(ways[0].to)")
        }
        #expect(isGone)
        let after = Set(try await lab.connect(ways[2].from, ways[2].to, 80, times: 4).map { $0.name ?? "-" })
        #expect(after == names[2])
        try lab.remove(two)
    }

    @Test("keep a client's datagrams together, from whichever port, until it is silent", .timeLimit(.minutes(3)))
    func datagrams() async throws {
        let lab = try Packets.lab()
        let service = sticky(78)
        try await lab.put(service)
        let ways = try await ways(lab, service).map { Way(from: $0.0, to: $0.1, port: $0.2) }
        var chosen: [Set<String>] = ways.map { _ in [] }
        for _ in 0..<6 where chosen.count(where: { $0.count == 2 }) < 3 {
            // Each comes when more than half of the time has gone by since the one before.
            let names = try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
                for (place, way) in ways.enumerated() {
                    group.addTask {
                        var names: [String] = []
                        for _ in 0..<3 {
                            names += try await lab.datagrams(way, times: 2).map(\.name)
                            try await Task.sleep(for: .milliseconds(2100))
                        }
                        return (place, names)
                    }
                }
                var all: [[String]] = ways.map { _ in [] }
                for try await (place, names) in group { all[place] = names }
                return all
            }
            for (place, way) in ways.enumerated() {
                #expect(names[place].count == 6 && Set(names[place]).count == 1, "\(way): \(names[place])")
                chosen[place].formUnion(names[place])
            }
            try await silence(Self.timeout + 3)
            #expect(try await eventually(within: .seconds(10)) { try await learned(lab, "n1").isEmpty })
        }
        #expect(chosen.count { $0.count == 2 } >= 3, "\(chosen)")
        try lab.remove(service)
    }

    /// Sends one datagram after the other from one port, and writes down who answers.
    private func sending(_ lab: PacketLab, _ way: Way) async throws -> Listener {
        let script = """
            echo began; exec 3<>/dev/udp/\(way.to)/\(way.port)
            while :; do echo hello >&3; timeout 0.2 head -n 1 <&3; done
            """
        return try await Listener.start(lab, way.from, "bash -c '\(script)'", begins: "began")
    }

    @Test(
        "lead clients that go on sending from one port to another backend when theirs is gone, and to the first that comes",
        .timeLimit(.minutes(3)))
    func datagramsOfOnePort() async throws {
        let lab = try Packets.lab()
        var services = [sticky(79, timeout: 600), ServiceLab.Description(name: "fixed", number: 59, nodePort: 30059)]
        var ways: [Way] = []
        for (service, family) in services.flatMap({ service in lab.families.map { (service, $0) } }) {
            let inside = try #require(service.addresses(family))
            ways += [Way(from: "t/ask", to: inside, port: 80), Way(from: "node:n1", to: inside, port: 80)]
            ways.append(
                Way(from: "outside", to: try await lab.address("node:n1", family), port: service.nodePort ?? 0))
        }
        // They begin before there is a service.
        var clients: [(way: Way, answers: Listener)] = []
        for way in ways { clients.append((way, try await sending(lab, way))) }
        for pod in ["s1", "s2", "far"] {
            let before = clients.map(\.answers.lines.count)
            for place in services.indices {
                services[place].pods = [pod]
                try await lab.put(services[place])
            }
            // Five times in a row: who was led elsewhere for a moment only is not there yet.
            func isLed(_ place: Int) -> Bool {
                let lines = clients[place].answers.lines
                return lines.count >= before[place] + 5 && lines.suffix(5).allSatisfy { $0.hasPrefix("\(pod) ") }
            }
            _ = try await eventually(within: .seconds(20)) { clients.indices.allSatisfy(isLed) }
            for (place, client) in clients.enumerated() where !isLed(place) {
                Issue.record("\(client.way) is not led to \(pod): \(client.answers.lines.suffix(5))")
            }
        }
        for service in services { try lab.remove(service) }
    }

    @Test("are not touched by a restart of the daemon", .timeLimit(.minutes(3)))
    func daemonEnds() async throws {
        let lab = try Packets.lab()
        let service = sticky(80, timeout: 600)
        #expect(try await eventually(within: .seconds(10)) { try await learned(lab, "n1").isEmpty })
        try await lab.put(service)
        let ways = try await ways(lab, service)
        var names: [String] = []
        for (from, to, port) in ways { names.append(try await lab.connect(from, to, port).first?.name ?? "-") }
        let before = try await ages(lab, "n1")
        let own = try await ownFlows(lab, "n1")
        try await silence(1)
        try await lab.restartDaemon("n1")
        try await silence(1)
        // The same flows, older: none was made anew.
        let after = try await ages(lab, "n1")
        #expect(after.count == before.count && (after.min() ?? 0) > 2, "\(before), then \(after)")
        #expect(try await ownFlows(lab, "n1") == own)
        for ((from, to, port), name) in zip(ways, names) {
            let now = Set(try await lab.connect(from, to, port, times: 4).map { $0.name ?? "-" })
            #expect(now == [name], "\(from) \(to)")
        }
        // And the daemon looks after them: they go with the service.
        try lab.remove(service)
        #expect(try await eventually(within: .seconds(20)) { try await learned(lab, "n1").isEmpty })
    }

    @Test("show a known client by its own address where the policy is Local", .timeLimit(.minutes(3)))
    func localClients() async throws {
        let lab = try Packets.lab()
        var service = sticky(81, timeout: 600)
        service.more.append("externalTrafficPolicy: Local")
        try await lab.put(service)
        for family in lab.families {
            let node = try await lab.address("node:n1", family)
            let client = try await lab.address("outside", family)
            try await lab.waitFor("outside", node, 30081, ["s1"])
            let outcomes = try await lab.connect("outside", node, 30081, times: 5)
            #expect(outcomes == Array(repeating: .answered("s1", by: client), count: 5), "\(outcomes)")
        }
        try lab.remove(service)
    }

    @Test("remember a connection that is over for longer than servers do", .timeLimit(.minutes(3)))
    func closedConnections() async throws {
        let lab = try Packets.lab()
        var service = ServiceLab.Description(name: "reuse", number: 49, nodePort: 30049)
        service.pods = ["s1"]
        try await lab.put(service)
        for family in lab.families {
            let ways = [
                Way(from: "node:n1", to: try #require(service.addresses(family)), port: 80),
                Way(from: "outside", to: try await lab.address("node:n1", family), port: 30049),
            ]
            for way in ways { try await lab.waitFor(way.from, way.to, way.port, ["s1"]) }
            // Two clients with one port, whom the router shows by one address.
            for way in ways {
                let answer = try await lab.shell(
                    way.from,
                    "socat -T3 -u \(way.socat()),connect-timeout=3,sourceport=45\(family.rawValue)01,reuseaddr -")
                #expect(PacketLab.Answer(answer).name == "s1", "\(way)")
            }
            let pod = try await lab.address("t/s1", family)
            let entries = try await lab.shell("node:n1", "ovs-appctl dpctl/dump-conntrack -s zone=0")
                .split(separator: "\n").filter { $0.contains("src=\(pod),") && $0.contains("state=TIME_WAIT") }
            let times = entries.compactMap { line in
                line.firstRange(of: "timeout=").flatMap { Int(line[$0.upperBound...].prefix { $0.isNumber }) }
            }
            #expect(times.count >= 2 && times.contains { $0 > 90 }, "\(entries)")
        }
        try lab.remove(service)
    }
}
