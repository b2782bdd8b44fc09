import Core
import Linux
import Model
import Testing

@testable import Lab

/// What users get wrong.
extension Packets.Services {
    /// All mistakes that there are, around a port and an address that are right.
    private func spoilt(_ lab: PacketLab) async throws -> String {
        let (s1, s1v6) = (try await lab.address("t/s1", .v4), try await lab.address("t/s1", .v6))
        return """
            apiVersion: v1
            kind: Service
            metadata: {name: spoilt, namespace: t, creationTimestamp: "2026-02-01T00:00:00Z"}
            spec:
              type: LoadBalancer
              clusterIPs: [10.96.0.40]
              externalIPs: [172.30.0.2, nonsense, 172.31.8.40]
              sessionAffinity: ClientIP
              sessionAffinityConfig: {clientIP: {timeoutSeconds: 90000}}
              ports:
                - {name: right, port: 80, nodePort: 30040}
                - {name: zero, port: 0}
                - {name: huge, port: 70000}
                - {name: node, port: 81, nodePort: 70000}
                - {name: ping, port: 82, protocol: ICMP}
                - {name: taken, port: 83, nodePort: 30050}
            status:
              loadBalancer: {ingress: [{hostname: lb.example.net}, {ip: 172.31.8.41, ipMode: Proxy}, {ip: 224.0.0.1}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: spoilt-4, namespace: t, labels: {kubernetes.io/service-name: spoilt}}
            addressType: IPv4
            ports: [{name: right, port: 8080}, {name: huge, port: 70000}]
            endpoints: [{addresses: ["\(s1)"], nodeName: n1}, {addresses: ["\(s1v6)"], nodeName: n1}, {addresses: [x]}]
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: spoilt-6, namespace: t, labels: {kubernetes.io/service-name: spoilt}}
            addressType: IPv6
            ports: [{name: right, port: 8080}]
            endpoints: [{addresses: ["\(s1v6)"], nodeName: n1}]

            """
    }

    private static let complaints = [
        "spec.ports[1].port: 0 is not from 1 to 65535", "spec.ports[2].port: 70000 is not from 1 to 65535",
        "spec.ports[3].nodePort: 70000 is not from 1 to 65535", "spec.ports[4].protocol: ICMP is not TCP, UDP or SCTP",
        "spec.ports: tcp node:30050 belongs to the older service t/cluster; choose another",
        "spec.externalIPs: nonsense is not an IP address",
        "spec.externalIPs: 172.30.0.2 is an address of node n2; use a node port, or another",
        "status.loadBalancer.ingress: 224.0.0.1 cannot be the address of a service",
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: 90000 is not from 1 to 86400",
        "is no address of type IPv4", "EndpointSlice spoilt-6: its endpoints are IPv6, the service is not",
    ]

    @Test("that are wrong in every way say so, and what is right of them works", .timeLimit(.minutes(3)))
    func mistakes() async throws {
        let lab = try Packets.lab()
        try await lab.routeExternal()
        var older = ServiceLab.cluster
        older.created = "2026-01-01T00:00:00Z"
        try await lab.put(older)
        let node = try await lab.address("node:n1", .v4)
        try await lab.waitFor("outside", node, 30050, ServiceLab.answering)
        let file = "\(lab.directory)/manifests/service-spoilt.yaml"
        try Files.write(file, try await spoilt(lab))
        let inside = try #require(IPAddress("10.96.0.40"))
        let external = try #require(IPAddress("172.31.8.40"))
        for (from, to, port) in [("t/ask", inside, 80), ("outside", node, 30040), ("outside", external, 80)] {
            try await lab.waitFor(from, to, port, ["s1"])
        }
        try await lab.waitFor("outside", node, 30050, ServiceLab.answering)
        let said = try await lab.ovenbird("explain", "service", "t/spoilt", "--node", "n1")
        #expect(said.exit == .code(1))
        let status = try await lab.ovenbird("status")
        for complaint in Self.complaints {
            #expect(said.output.contains(complaint), "\(complaint): not in \(said.output)")
            #expect(status.output.contains(complaint), "\(complaint): not in \(status.output)")
        }
        #expect(!said.output.contains("172.31.8.41") && !said.output.contains("lb.example.net"))
        let noted = try await eventually(within: .seconds(5)) {
            let object = try await lab.ovenbird("lab", "get", "service", "-o", "json").output
            return object.contains("\"Accepted\"") && object.contains("70000 is not from 1 to 65535")
        }
        #expect(noted, "the object itself does not say so")
        try Files.remove(file)
        try await lab.put(ServiceLab.cluster)
        #expect(try await eventually(within: .seconds(5)) { try await lab.ovenbird("status").succeeded })
    }
}
