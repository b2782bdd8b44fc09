import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// Many services.
extension Packets.Services {
    static func knob(_ name: String, _ standard: Int) -> Int {
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
        let monitor = try await Monitor.start(lab, "n1", "OVN_Northbound", "Load_Balancer", "name,vips")
        var times: [Duration] = []
        for pod in ["s2", "s1", "s2"] {
            let before = try await lab.settledWrites("n1")
            service.pods = [pod]
            try await lab.put(service)
            let began = ContinuousClock.now
            let isThere = try await eventually(within: .seconds(10)) {
                try await lab.connect(way.from, way.to, way.port).first?.name == pod
            }
            times.append(began.duration(to: .now))
            #expect(isThere)
            #expect(try await lab.settledWrites("n1") == before + 1)
        }
        print("\(count + 1) services: an endpoint's change is there after \(times)")
        #expect(times.allSatisfy { $0 < .seconds(2) }, "\(times)")
        let changed = monitor.changes().filter { ["insert", "new", "delete"].contains($0.action) }
        #expect(changed.count == 6 && changed.allSatisfy { $0.row.contains("Service_t/among_") }, "\(changed)")
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
}
