import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    @Suite(
        "Answers of the switch",
        InLab(
            name: "t-ns-\(getpid() % 10_000)", nodes: 1, families: .v4v6,
            pods: [LabPod("guest", on: "n1", ["ovenbird.io/dhcp": "true"]), LabPod("plain", on: "n1")]))
    struct Answers {}
}

extension Packets.Answers {
    private static let hasDHCP = HostCheck.path(of: "udhcpc") != nil
    private static let hasDNS = HostCheck.path(of: "dig") != nil

    @Test(
        "a DHCP client gets its address, router, name server and more, and a pod that did not ask gets none",
        .enabled(if: hasDHCP, "needs udhcpc"), .timeLimit(.minutes(1)))
    func lease() async throws {
        let lab = try Packets.lab()
        try Files.write(
            "\(lab.directory)/manifests/dns.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: kube-dns, namespace: kube-system}
            spec: {clusterIPs: [10.96.0.53, "fd00:10:96::53"], ports: [{port: 53, protocol: UDP}]}

            """)
        let script = "\(lab.directory)/lease.sh"
        try Files.write(
            script, "#!/bin/sh\n[ \"$1\" = bound ] && echo \"$ip/$mask $router $dns $hostname $mtu $lease\"\nexit 0\n",
            mode: 0o755)
        func ask(_ place: String) async throws -> String {
            try await lab.outcome(place, "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "3", "-T", "1", "-s", script)
                .output
        }
        let own = try await lab.address("t/guest", .v4)
        let gateway = try await lab.gateway("t/guest", .v4)
        let expected = "\(own)/24 \(gateway) 10.96.0.53 guest 1400 3500\n"
        let isSo = try await eventually(within: .seconds(15)) { try await ask("t/guest") == expected }
        let last = try await ask("t/guest")
        #expect(isSo, "\(last), not \(expected)")
        #expect(try await ask("t/plain").isEmpty)
    }

    @Test(
        "names of services are answered by whoever is asked, also by the name server's own address",
        .enabled(if: hasDNS, "needs dig"), .timeLimit(.minutes(1)))
    func names() async throws {
        let lab = try Packets.lab()
        let namespace = "\(lab.directory)/manifests/namespace.yaml"
        func write(_ annotations: String) throws {
            try Files.write(
                namespace,
                """
                apiVersion: v1
                kind: Namespace
                metadata: {name: t\(annotations)}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: web, namespace: t}
                spec: {clusterIPs: [10.96.0.10, "fd00:10:96::10"], ports: [{port: 80}]}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: kube-dns, namespace: kube-system}
                spec: {clusterIPs: [10.96.0.53, "fd00:10:96::53"], ports: [{port: 53, protocol: UDP}]}

                """)
        }
        func ask(_ question: String...) async throws -> String {
            try await lab.outcome(
                "t/plain", "sh", "-c", "dig +noedns +time=1 +tries=1 +short \(question.joined(separator: " "))"
            )
            .output
        }
        try write(", annotations: {ovenbird.io/native-dns: services}")
        let isThere = try await eventually(within: .seconds(15)) {
            try await ask("@10.96.0.53", "web.t.svc.cluster.local") == "10.96.0.10\n"
        }
        #expect(isThere)
        #expect(try await ask("@8.8.8.8", "WEB.t.SVC.cluster.local", "AAAA") == "fd00:10:96::10\n")
        #expect(try await ask("@10.96.0.53", "-x", "10.96.0.10") == "web.t.svc.cluster.local.\n")
        #expect(try await ask("@10.96.0.53", "other.t.svc.cluster.local").contains("10.96.0.10") == false)
        try write("")
        let isGone = try await eventually(within: .seconds(5)) {
            try await ask("@8.8.8.8", "web.t.svc.cluster.local").contains("10.96.0.10") == false
        }
        #expect(isGone)
    }
}
