import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// Endpoints come and go.
extension Packets.Services {
    @Test("lead forty connections to both endpoints, by TCP and UDP, as who they are", .timeLimit(.minutes(3)))
    func both() async throws {
        let lab = try Packets.lab()
        let service = ServiceLab.Description(name: "both", number: 60)
        try await lab.put(service)
        for family in lab.families {
            let way = Way(from: "t/ask", to: try #require(service.addresses(family)), port: 80)
            let own = try await lab.address("t/ask", family)
            try await lab.waitFor(way.from, way.to, way.port, ServiceLab.answering)
            let connections = try await lab.connect(way.from, way.to, way.port, times: 40)
            #expect(connections.count == 40 && Set(connections.compactMap(\.name)) == ServiceLab.answering)
            #expect(connections.allSatisfy { $0.asker == own }, "\(connections)")
            let datagrams = try await lab.datagrams(way, times: 40)
            #expect(datagrams.count == 40 && Set(datagrams.map(\.name)) == ServiceLab.answering)
            #expect(datagrams.allSatisfy { $0.asker == own }, "\(datagrams)")
        }
        try lab.remove(service)
    }

    @Test("leave an endpoint that is not ready within a second, and its connections alone", .timeLimit(.minutes(3)))
    func notReady() async throws {
        let lab = try Packets.lab()
        var service = ServiceLab.Description(name: "leave", number: 61, pods: ["s1"], target: 8092)
        let way = Way(from: "t/ask", to: try #require(service.addresses(.v4)), port: 80)
        try await lab.answering("t/s1", 8092, as: "s1", echo: true) {
            try await lab.answering("t/s2", 8092, as: "s2", echo: true) {
                try await lab.put(service)
                try await lab.waitFor(way.from, way.to, way.port, ["s1"])
                async let words = lab.shell(
                    way.from, "(for i in 1 2 3 4 5 6 7 8; do sleep 0.5; echo $i; done) | socat -t20 - \(way.socat())")
                let isThere = try await eventually(within: .seconds(3)) {
                    try await !lab.shell("t/s1", "ss -Htn state established sport = :8092").isEmpty
                }
                #expect(isThere)
                service.pods = ["s1", "s2"]
                service.conditions = ["s1": "ready: false, serving: false"]
                try await lab.put(service)
                let began = ContinuousClock.now
                let isLeft = try await eventually(within: .seconds(20)) {
                    Set(try await lab.firstWords(way, times: 4)) == ["s2"]
                }
                #expect(isLeft)
                let time = began.duration(to: .now)
                #expect(time < .seconds(1), "an endpoint is left \(time) after it was not ready")
                let names = try await lab.firstWords(way, times: 10)
                #expect(names.count == 10 && Set(names) == ["s2"], "\(names)")
                let lines = try await words.split(separator: "\n")
                #expect(lines.first?.hasPrefix("s1 ") == true)
                #expect(lines.dropFirst().elementsEqual((1...8).map { "\($0)" }))
            }
        }
        try lab.remove(service)
    }

    @Test(
        "are served by endpoints that end while there is no other, then refuse within 100 ms, everywhere",
        .timeLimit(.minutes(3)))
    func ending() async throws {
        let lab = try Packets.lab()
        try await lab.routeExternal()
        var service = ServiceLab.Description(
            name: "ending", number: 62, nodePort: 30062, more: ["externalIPs: [172.31.8.1, \"fd31:8::1\"]"])
        for pod in service.pods { service.conditions[pod] = "ready: false, serving: true, terminating: true" }
        try await lab.put(service)
        var ways: [Way] = []
        for family in lab.families {
            let own = try #require(service.addresses(family))
            let external = try #require(IPAddress(family == .v4 ? "172.31.8.1" : "fd31:8::1"))
            ways += [
                Way(from: "t/ask", to: own, port: 80), Way(from: "node:n1", to: own, port: 80),
                Way(from: "outside", to: try await lab.address("node:n1", family), port: 30062),
                Way(from: "outside", to: external, port: 80),
            ]
        }
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, ServiceLab.answering) }
        service.pods = []
        try await lab.put(service)
        for way in ways {
            try await lab.waitFor(way.from, way.to, way.port, [])
            for udp in [false, true] {
                // A machine that is busy takes its time; a packet that has to be sent again takes a second.
                let times = try await lab.refusals(way, udp: udp)
                #expect(times.min() ?? 999 < 100 && times.max() ?? 999 < 900, "\(way), udp \(udp): \(times) ms")
            }
        }
        service.pods = ["s1"]
        service.conditions = ["s1": "ready: false"]
        service.more.append("publishNotReadyAddresses: true")
        try await lab.put(service)
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, ["s1"]) }
        // Whoever routes an external address here gets no word of it by ARP.
        let arp = try await lab.outcome("outside", "arping", "-c", "1", "-w", "1", "172.31.8.1")
        #expect(arp.output.contains("Received 0") || arp.output.contains("0 packets received"), "\(arp.output)")
        try lab.remove(service)
    }

    @Test("refuse at once a thousand times where nobody answers, and the switch lives on", .timeLimit(.minutes(3)))
    func refusals() async throws {
        let lab = try Packets.lab()
        try await lab.put(ServiceLab.empty)
        let before = try lab.process("ovs-vswitchd", of: "n1")
        for family in lab.families {
            let way = Way(from: "node:n1", to: try #require(ServiceLab.empty.addresses(family)), port: 80)
            try await lab.waitFor(way.from, way.to, way.port, [])
            #expect(try await lab.refusals(way, of: 1000) == 1000)
        }
        #expect(try lab.process("ovs-vswitchd", of: "n1") == before)
    }

    @Test(
        "carry hundreds of connections from three kinds of clients at once, and the switch lives on",
        .timeLimit(.minutes(3)))
    func crowd() async throws {
        let lab = try Packets.lab()
        let service = ServiceLab.Description(name: "crowd", number: 48, nodePort: 30048)
        try await lab.put(service)
        let pids = try lab.record.nodes.map { try lab.process("ovs-vswitchd", of: $0) }
        var ways: [Way] = []
        for (node, family) in ["n1", "n2"].flatMap({ node in lab.families.map { (node, $0) } }) {
            let address = try await lab.address("node:\(node)", family)
            for from in ["t/ask", "node:n1", "outside"] { ways.append(Way(from: from, to: address, port: 30048)) }
        }
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, ServiceLab.answering) }
        let answered = try await withThrowingTaskGroup(of: Int.self) { group in
            for way in ways {
                group.addTask {
                    // Faster than a program per connection.
                    let script = """
                        retries=/proc/sys/net/ipv4/tcp_syn_retries before=$(cat /proc/sys/net/ipv4/tcp_syn_retries)
                        echo 2 >$retries; trap "echo $before >$retries" EXIT
                        ask() { exec 3<>/dev/tcp/\(way.to)/\(way.port) && read -t 8 -r name rest <&3 && echo $name; }
                        for i in $(seq 200); do ask 2>/dev/null; done | grep -c '^s[12]$'
                        """
                    let output = try await lab.outcome(
                        way.from, "bash", "-c", script, deadline: .seconds(90)
                    ).output
                    return Int(output.filter(\.isNumber)) ?? 0
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(answered == ways.count * 200)
        #expect(try lab.record.nodes.map { try lab.process("ovs-vswitchd", of: $0) } == pids)
        try lab.remove(service)
    }
}
