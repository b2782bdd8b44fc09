import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// A hundred services of twenty endpoints, which come and go while four clients ask.
extension Packets.Services {
    @Test("refuse nobody and lead nobody astray while endpoints come and go under load", .timeLimit(.minutes(5)))
    func churn() async throws {
        let lab = try Packets.lab()
        let seconds = Self.knob("OVENBIRD_CHURN", 20)
        let endpoints = (0..<20).map { LabPod("e\($0)", on: $0 % 2 == 0 ? "n1" : "n2") }
        for pod in endpoints { try lab.add(pod) }
        try await lab.report { report in
            endpoints.allSatisfy { pod in report.pods.contains { $0.name == pod.name && $0.phase == .running } }
        }
        var churn = Churn(lab: lab, names: endpoints.map(\.name))
        for pod in endpoints {
            for family in lab.families {
                churn.addresses[pod.name, default: [:]][family] = try await lab.address("t/\(pod.name)", family)
            }
        }
        for service in 0..<Churn.count { try churn.write(service) }
        let clients = try await churn.clients()
        for client in clients { try await lab.waitFor(client.from, client.last, client.lastPort, Set(churn.names)) }
        let monitor = try await Monitor.start(lab, "n1", "OVN_Northbound", "Load_Balancer", "name,vips")
        let writes = try await lab.northboundWrites("n1")
        async let pace = pace(lab, for: seconds)
        let load = Task { try await self.ask(lab, clients, for: seconds) }
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            try churn.change()
            try await Task.sleep(for: .milliseconds(100))
        }
        let seen = try await load.value
        let (slowest, more) = try await pace
        let unanswered = seen.filter { $0.name.isEmpty }
        let oldest = seen.compactMap { churn.age($0) }.max() ?? 0
        let written = try await lab.northboundWrites("n1") - writes
        print(
            "churn: \(seen.count) connections, \(churn.changes) changes in \(written) transactions, \(unanswered.count) "
                + "unanswered; one came to an endpoint gone for \(oldest) s, when a change took up to \(slowest) s")
        #expect(seen.count > seconds * 3)
        #expect(unanswered.isEmpty, "\(unanswered.prefix(5))")
        // A busy machine takes longer; how long, the one service more has shown.
        let astray = seen.filter { (churn.age($0) ?? 0) > max(1, 2 * slowest) }
        #expect(astray.isEmpty, "\(astray.prefix(5))")
        // A service has two rows, of its addresses and of its node port.
        let rows = monitor.changes().count { $0.action == "new" && $0.row.contains("Service_t/churn") }
        #expect(written <= churn.changes + more && rows <= 2 * churn.changes)
        try churn.remove()
        for pod in endpoints { try Files.remove("\(lab.directory)/manifests/\(pod.name).yaml") }
        try await lab.report { report in
            endpoints.allSatisfy { pod in !report.pods.contains { $0.name == pod.name } }
        }
    }

    /// The longest that a change of one more service takes meanwhile until connections follow it, in seconds, and how
    /// many changes that were.
    private func pace(_ lab: PacketLab, for seconds: Int) async throws -> (slowest: Double, changes: Int) {
        var service = ServiceLab.Description(name: "pace", number: 46, pods: ["s1"])
        let address = try #require(service.addresses(.v4))
        try await lab.put(service)
        try await lab.waitFor("t/ask", address, 80, Set(service.pods))
        let end = ContinuousClock.now + .seconds(seconds)
        // It came, and will go.
        var (slowest, changes) = (Duration.zero, 2)
        while ContinuousClock.now < end {
            service.pods = service.pods == ["s1"] ? ["s2"] : ["s1"]
            let began = ContinuousClock.now
            try await lab.put(service)
            try await lab.waitFor("t/ask", address, 80, Set(service.pods))
            changes += 1
            slowest = max(slowest, began.duration(to: .now))
            try await Task.sleep(for: .milliseconds(500))
        }
        try lab.remove(service)
        return (Double(slowest / .milliseconds(1)) / 1000, changes)
    }

    private func ask(_ lab: PacketLab, _ clients: [Churn.Client], for seconds: Int) async throws -> [Churn.Seen] {
        try await withThrowingTaskGroup(of: [Churn.Seen].self) { group in
            for client in clients {
                group.addTask {
                    // A connection that nobody answers would else be tried for two minutes.
                    let script = """
                        retries=/proc/sys/net/ipv4/tcp_syn_retries before=$(cat /proc/sys/net/ipv4/tcp_syn_retries)
                        echo 2 >$retries; trap "echo $before >$retries" EXIT
                        ask() { exec 3<>/dev/tcp/$1/$2 && read -t 8 -r name rest <&3; }
                        end=$(( EPOCHSECONDS + \(seconds) ))
                        while [ $EPOCHSECONDS -lt $end ]; do
                          n=$(( RANDOM % \(Churn.count) )) name=; at=$EPOCHREALTIME
                          ask \(client.target) 2>/dev/null; echo "$at $n $name"
                        done
                        """
                    let output = try await lab.outcome(
                        client.from, "bash", "-c", script, deadline: .seconds(seconds + 30)
                    ).output
                    return output.split(separator: "\n").compactMap { Churn.Seen(client.from, $0) }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}

/// The services, and since when each has lacked which endpoint.
private struct Churn {
    static let count = 100
    private static let fewest = 8

    /// Who asks, and what `bash` makes of service `$n`: an address and a port.
    struct Client {
        let from: String
        let target: String
        let last: IPAddress
        let lastPort: Int
    }

    struct Seen: CustomStringConvertible {
        let from: String
        let at: Double
        let service: Int
        /// Empty: nobody answered.
        let name: String

        init?(_ from: String, _ line: Substring) {
            let words = line.split(separator: " ")
            guard words.count >= 2, let at = Double(words[0]), let service = Int(words[1]) else { return nil }
            (self.from, self.at, self.service) = (from, at, service)
            name = words.count > 2 ? String(words[2]) : ""
        }

        var description: String { "\(from) to \(service) at \(at): \(name)" }
    }

    private struct Place: Hashable {
        let service: Int
        let name: String
    }

    let lab: PacketLab
    let names: [String]
    var addresses: [String: [Family: IPAddress]] = [:]
    private(set) var changes = 0
    private var missing: [Set<String>] = Array(repeating: [], count: count)
    private var absences: [Place: [(from: Double, to: Double)]] = [:]
    private var random = SystemRandomNumberGenerator()

    init(lab: PacketLab, names: [String]) {
        self.lab = lab
        self.names = names
    }

    /// One endpoint of one service comes or goes.
    mutating func change() throws {
        let service = Int.random(in: 0..<Self.count, using: &random)
        guard let name = names.randomElement(using: &random) else { return }
        let place = Place(service: service, name: name)
        if missing[service].remove(name) != nil {
            try write(service)
            absences[place]?.indices.last.map { absences[place]?[$0].to = Self.now }
        } else {
            guard missing[service].count < names.count - Self.fewest else { return }
            missing[service].insert(name)
            try write(service)
            absences[place, default: []].append((Self.now, .infinity))
        }
        changes += 1
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// How long the endpoint that answered had been gone; nil when it was there.
    func age(_ seen: Seen) -> Double? {
        absences[Place(service: seen.service, name: seen.name)]?.first { $0.from < seen.at && seen.at < $0.to }
            .map { seen.at - $0.from }
    }

    private func file(_ service: Int) -> String { "\(lab.directory)/manifests/churn-\(service).yaml" }

    func remove() throws { for service in 0..<Self.count { try Files.remove(file(service)) } }

    func write(_ service: Int) throws {
        var text = """
            apiVersion: v1
            kind: Service
            metadata: {name: churn\(service), namespace: t}
            spec:
              type: NodePort
              clusterIPs: ["10.96.5.\(service + 1)", "fd00:10:96::5\(service + 100)"]
              ports: [{name: p, port: 80, nodePort: \(31_000 + service)}]

            """
        for family in lab.families {
            let endpoints = names.filter { !missing[service].contains($0) }.map { name in
                let address = addresses[name]?[family].map { "\($0)" } ?? ""
                return "{addresses: [\"\(address)\"]}"
            }
            text += """
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata:
                  name: churn\(service)-\(family.rawValue)
                  namespace: t
                  labels: {kubernetes.io/service-name: churn\(service)}
                addressType: \(family)
                ports: [{name: p, port: 8080}]
                endpoints: [\(endpoints.joined(separator: ", "))]

                """
        }
        let draft = "\(file(service)).draft"
        try Files.write(draft, text)
        guard rename(draft, file(service)) == 0 else { throw SystemError(last: "rename \(draft)") }
    }

    /// A pod of each node, a node's own process, and somebody outside.
    func clients() async throws -> [Client] {
        let last = Self.count - 1
        let inside = (v4: IPAddress("10.96.5.\(last + 1)"), v6: IPAddress("fd00:10:96::5\(last + 100)"))
        let (v4, v6) = (try #require(inside.v4), try #require(inside.v6))
        let node = try await lab.address("node:n1", .v4)
        return [
            Client(from: "t/ask", target: "10.96.5.$(( n + 1 )) 80", last: v4, lastPort: 80),
            Client(from: "t/far", target: "fd00:10:96::5$(( n + 100 )) 80", last: v6, lastPort: 80),
            Client(from: "node:n1", target: "10.96.5.$(( n + 1 )) 80", last: v4, lastPort: 80),
            Client(from: "outside", target: "\(node) $(( n + 31000 ))", last: node, lastPort: 31_000 + last),
        ]
    }
}
