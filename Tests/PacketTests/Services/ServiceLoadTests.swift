import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// Many services, and endpoints that come and go under load.
extension Packets.Services {
    private static func knob(_ name: String, _ standard: Int) -> Int {
        getenv(name).flatMap { Int(String(cString: $0)) } ?? standard
    }

    /// Services of ten endpoints that nobody asks.
    private func crowd(_ numbers: Range<Int>) -> String {
        numbers.map { number in
            let (high, low) = (100 + number / 250, number % 250 + 1)
            let endpoints = (0..<10).map { "{addresses: [\"10.244.\(200 + $0).\(low)\"], nodeName: n9}" }
            return """
                apiVersion: v1
                kind: Service
                metadata: {name: many\(number), namespace: many}
                spec: {clusterIPs: [10.96.\(high).\(low)], ports: [{name: p, port: 80}]}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: many\(number), namespace: many, labels: {kubernetes.io/service-name: many\(number)}}
                addressType: IPv4
                ports: [{name: p, port: 8080}]
                endpoints: [\(endpoints.joined(separator: ", "))]

                """
        }.joined(separator: "---\n")
    }

    @Test(
        "change in the data plane within two seconds of an endpoint, however many there are, in one transaction",
        .timeLimit(.minutes(5)))
    func scale() async throws {
        let lab = try Packets.lab()
        let count = Self.knob("OVENBIRD_SERVICES", 100)
        // A manifest has a limit.
        let parts = stride(from: 0, to: count, by: 500).map { $0..<min(count, $0 + 500) }
        for part in parts { try Files.write("\(lab.directory)/manifests/many-\(part.lowerBound).yaml", crowd(part)) }
        var service = ServiceLab.Description(name: "among", number: 47, pods: ["s1"])
        try await lab.put(service)
        let way = Way(from: "t/ask", to: try #require(service.addresses(.v4)), port: 80)
        let balancers = try await eventually(within: .seconds(120)) {
            let output = try await lab.shell(
                "node:n1", "ovn-nbctl --bare --columns=name list Load_Balancer | grep -c Service_many/ || true")
            return Int(output.filter(\.isNumber)) == count
        }
        #expect(balancers)
        try await lab.waitFor(way.from, way.to, way.port, ["s1"])
        var slowest = Duration.zero
        for pod in ["s2", "s1", "s2"] {
            let before = try await lab.northboundWrites("n1")
            service.pods = [pod]
            try await lab.put(service)
            let began = ContinuousClock.now
            let isThere = try await eventually(within: .seconds(10)) {
                try await lab.connect(way.from, way.to, way.port).first?.name == pod
            }
            slowest = max(slowest, began.duration(to: .now))
            #expect(isThere)
            #expect(try await lab.northboundWrites("n1") == before + 1)
        }
        print("\(count + 1) services: an endpoint's change is there after \(slowest) at worst")
        #expect(slowest < .seconds(2))
        try lab.remove(service)
        for part in parts { try Files.remove("\(lab.directory)/manifests/many-\(part.lowerBound).yaml") }
        let isGone = try await eventually(within: .seconds(60)) {
            try await lab.shell(
                "node:n1", "ovn-nbctl --bare --columns=name list Load_Balancer | grep Service_many/ || true"
            )
            .isEmpty
        }
        #expect(isGone)
    }

    @Test("refuse nobody and lead nobody astray while endpoints come and go under load", .timeLimit(.minutes(3)))
    func churn() async throws {
        let lab = try Packets.lab()
        let seconds = Self.knob("OVENBIRD_CHURN", 8)
        let pods = ["s1", "s2", "far"]
        var service = ServiceLab.Description(name: "churn", number: 46, nodePort: 30046, pods: pods)
        try await lab.put(service)
        let inside = try #require(service.addresses(.v4))
        let ways = [
            Way(from: "t/ask", to: inside, port: 80),
            Way(from: "t/s1", to: try #require(service.addresses(.v6)), port: 80),
            Way(from: "node:n1", to: inside, port: 80),
            Way(from: "outside", to: try await lab.address("node:n1", .v4), port: 30046),
        ]
        for way in ways { try await lab.waitFor(way.from, way.to, way.port, Set(pods)) }
        let load = Task {
            try await withThrowingTaskGroup(of: [(at: Double, name: String)].self) { group in
                for way in ways {
                    group.addTask { try await ask(lab, way, for: seconds) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
        // Since when each is no endpoint; each change leaves at least one.
        var periods: [(pod: String, from: Double, to: Double)] = []
        var gone: [String: Double] = [:]
        let end = ContinuousClock.now + .seconds(seconds)
        var turn = 0
        while ContinuousClock.now < end {
            turn += 1
            service.pods = pods.enumerated().filter {
                ($0.offset + turn) % 3 != 0 && !(turn % 4 == 0 && $0.offset == 1)
            }
            .map(\.element)
            try await lab.put(service)
            let now = Double(Glibc.time(nil))
            for pod in pods {
                if service.pods.contains(pod), let since = gone.removeValue(forKey: pod) {
                    periods.append((pod, since, now))
                }
                if !service.pods.contains(pod), gone[pod] == nil { gone[pod] = now + 1 }
            }
            try await Task.sleep(for: .milliseconds(1700))
        }
        let seen = try await load.value
        for (pod, since) in gone { periods.append((pod, since, .infinity)) }
        let refused = seen.filter { $0.name == "refused" }
        let silent = seen.filter { $0.name == "silent" }
        // A second for the change itself; times of connections are whole seconds.
        let astray = seen.filter { one in
            periods.contains { $0.pod == one.name && $0.from + 1 < one.at && one.at < $0.to }
        }
        print(
            "churn: \(seen.count) connections, \(turn) changes, \(refused.count) refused, \(silent.count) silent, \(astray.count) astray"
        )
        #expect(seen.count > seconds * 40 && refused.isEmpty, "\(refused.prefix(5))")
        // Open: on a busy machine some in ten thousand connect and get no word.
        #expect(silent.count * 500 <= seen.count, "\(silent)")
        #expect(astray.isEmpty, "\(astray.prefix(5)) \(periods)")
        for node in lab.record.nodes { #expect(try await lab.recirculationDrops(node) == "0\n", "\(node)") }
        try lab.remove(service)
    }

    /// Connections one after the other; who answered, and when each began.
    private func ask(_ lab: PacketLab, _ way: Way, for seconds: Int) async throws -> [(at: Double, name: String)] {
        let script = """
            ask() { exec 3<>/dev/tcp/\(way.to)/\(way.port) && read -t 4 -r name rest <&3 && echo "$at $name" && return
                [ $(( EPOCHSECONDS - at )) -lt 3 ] && echo "$at refused" || echo "$at silent"; }
            end=$(( $(date +%s) + \(seconds) ))
            while at=$EPOCHSECONDS; [ $at -lt $end ]; do ask 2>/dev/null; done
            """
        let output = try await lab.outcome(
            way.from, "bash", "-c", script, deadline: .seconds(seconds + 30)
        ).output
        return output.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return words.count == 2 ? Double(words[0]).map { ($0, String(words[1])) } : nil
        }
    }
}
