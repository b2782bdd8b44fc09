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
    /// The cluster's name server, whose address DHCP gives.
    private func writeNameServer(_ lab: PacketLab) throws {
        try Files.write(
            "\(lab.directory)/manifests/dns.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: kube-dns, namespace: kube-system}
            spec: {clusterIPs: [10.96.0.53, "fd00:10:96::53"], ports: [{port: 53, protocol: UDP}]}

            """)
    }

    @Test(
        "a DHCP client gets its address, router, name server and more, and a pod that did not ask gets none",
        .timeLimit(.minutes(3)))
    func lease() async throws {
        let lab = try Packets.lab()
        try writeNameServer(lab)
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
        // With another's MAC even a pod that asked gets none, until it has its own again.
        let mac = try await lab.shell("t/guest", "ip -o link show eth0 | grep -o 'ether [0-9a-f:]*' | cut -c7-")
        try await lab.shell("t/guest", "ip link set eth0 address 0a:58:00:00:00:99")
        #expect(try await ask("t/guest").isEmpty)
        try await lab.shell("t/guest", "ip link set eth0 address \(mac)")
        #expect(try await eventually(within: .seconds(15)) { try await ask("t/guest") == expected })
    }

    @Test(
        "names of services are answered by whoever is asked, also by the name server's own address",
        .timeLimit(.minutes(3)))
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
                "t/plain", "sh", "-c", "dig +noedns +time=4 +tries=1 +short \(question.joined(separator: " "))"
            )
            .output
        }
        try write(", annotations: {ovenbird.io/native-dns: services}")
        let isThere = try await eventually(within: .seconds(15)) {
            try await ask("@10.96.0.53", "web.t.svc.cluster.local") == "10.96.0.10\n"
        }
        #expect(isThere)
        #expect(try await ask("@8.8.8.8", "WEB.t.SVC.cluster.local", "AAAA") == "fd00:10:96::10\n")
        #expect(try await ask("@10.96.0.53", "wEb.t.svc.Cluster.LOCAL") == "10.96.0.10\n")
        #expect(try await ask("@fd00:10:96::53", "web.t.svc.cluster.local", "AAAA") == "fd00:10:96::10\n")
        #expect(try await ask("@10.96.0.53", "-x", "fd00:10:96::10") == "web.t.svc.cluster.local.\n")
        #expect(try await ask("@10.96.0.53", "-x", "10.96.0.10") == "web.t.svc.cluster.local.\n")
        #expect(try await ask("@10.96.0.53", "other.t.svc.cluster.local").contains("10.96.0.10") == false)
        try write("")
        let isGone = try await eventually(within: .seconds(20)) {
            try await ask("@8.8.8.8", "web.t.svc.cluster.local").contains("10.96.0.10") == false
        }
        #expect(isGone)
    }

    @Test(
        "a DHCPv6 client gets its address and name server, and what makes it so goes with the pod",
        .timeLimit(.minutes(3)))
    func leaseV6() async throws {
        let lab = try Packets.lab()
        try writeNameServer(lab)
        func rows() async throws -> Int {
            let output = try await lab.shell(
                "node:n1", "ovn-nbctl --bare --columns=cidr list DHCP_Options | grep -c / || true")
            return Int(output.filter(\.isNumber)) ?? -1
        }
        #expect(try await eventually(within: .seconds(20)) { try await rows() == 2 })
        try await lab.run(LabPod("late", on: "n1", ["ovenbird.io/dhcp": "true"]))
        #expect(try await eventually(within: .seconds(20)) { try await rows() == 4 })
        let noted = "\(lab.directory)/leases6"
        let script = "\(lab.directory)/lease6.sh"
        try Files.write(
            script, "#!/bin/sh\necho \"$reason $new_ip6_address $new_dhcp6_name_servers\" >>\(noted)\n", mode: 0o755)
        func ask(_ place: String) async throws -> String {
            try Files.write(noted, "")
            try Files.write("\(lab.directory)/dhclient.leases", "")
            _ = try await lab.outcome(
                place, "timeout", "8", "dhclient", "-6", "-1", "-d", "-sf", script, "-lf",
                "\(lab.directory)/dhclient.leases", "-pf", "\(lab.directory)/dhclient.pid", "eth0")
            return try Files.read(noted)
        }
        let own = try await lab.address("t/late", .v6)
        let isSo = try await eventually(within: .seconds(20)) {
            try await ask("t/late").contains("BOUND6 \(own) fd00:10:96::53")
        }
        #expect(isSo)
        #expect(try await !ask("t/plain").contains("BOUND6"))
        // The way out comes with the router's advertisement, which the client's kernel asks for.
        try await lab.shell(
            "t/late",
            """
            ip -6 route del default; echo 2 >/proc/sys/net/ipv6/conf/eth0/accept_ra
            echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip link set eth0 down; ip link set eth0 up
            """)
        let hasRoute = try await eventually(within: .seconds(15)) {
            let routes = try await lab.shell("t/late", "ip -6 route show default proto ra")
            return routes.contains("default via fe80:") && routes.contains("dev eth0")
        }
        #expect(hasRoute)
        try await lab.remove("late")
        #expect(try await eventually(within: .seconds(20)) { try await rows() == 2 })
    }

    @Test(
        "what the switch cannot answer reaches the real server, and nothing is left when it is switched off",
        .timeLimit(.minutes(3)))
    func realServer() async throws {
        let lab = try Packets.lab()
        let address = try await lab.address("t/guest", .v4)
        // Another test's word of the same service.
        try? Files.remove("\(lab.directory)/manifests/dns.yaml")
        let file = "\(lab.directory)/manifests/namespace.yaml"
        func write(_ annotations: String, web: Bool) throws {
            let service = """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: web, namespace: t}
                spec: {clusterIPs: [10.96.0.10], ports: [{port: 80}]}

                """
            try Files.write(
                file,
                """
                apiVersion: v1
                kind: Namespace
                metadata: {name: t\(annotations)}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: kube-dns, namespace: kube-system}
                spec: {clusterIPs: [10.96.0.53], ports: [{name: dns, port: 53, protocol: UDP}]}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: kube-dns, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
                addressType: IPv4
                ports: [{name: dns, port: 53, protocol: UDP}]
                endpoints: [{addresses: ["\(address)"], nodeName: n1}]
                \(web ? service : "")
                """)
        }
        // A server that refuses whatever it is asked, under the question's number.
        let script = "\(lab.directory)/server.sh"
        try Files.write(
            script,
            "#!/bin/sh\n{ head -c 2; printf '\\201\\205\\0\\0\\0\\0\\0\\0\\0\\0'; } | dd bs=12 count=1 iflag=fullblock 2>/dev/null\n",
            mode: 0o755)
        func ask(_ question: String) async throws -> String {
            try await lab.outcome("t/plain", "sh", "-c", "dig +time=2 +tries=1 @10.96.0.53 \(question)").output
        }
        let known = "web.t.svc.cluster.local"
        try await lab.serving("t/guest", udp: 53, "EXEC:\(script)") {
            try write(", annotations: {ovenbird.io/native-dns: services}", web: true)
            let isThere = try await eventually(within: .seconds(15)) {
                try await ask("+noedns \(known)").contains("10.96.0.10")
            }
            #expect(isThere)
            // Asked with an extension, or for a name that it does not know, the switch passes the question on.
            for question in ["+edns \(known)", "+noedns example.org", "+noedns \(known) TXT"] {
                let isPassed = try await eventually(within: .seconds(20)) {
                    try await ask(question).contains("status: REFUSED")
                }
                let last = try await ask(question)
                #expect(isPassed, "\(question): \(last)")
            }
            #expect(try await ask("+noedns \(known)").contains("10.96.0.10"))
            try write(", annotations: {ovenbird.io/native-dns: services}", web: false)
            let began = ContinuousClock.now
            let isForgotten = try await eventually(within: .seconds(10)) {
                try await ask("+noedns \(known)").contains("status: REFUSED")
            }
            print("a name is gone \(began.duration(to: .now)) after its service")
            #expect(isForgotten)
            #expect(try await !lab.shell("node:n1", "ovn-nbctl list DNS").contains("10.96.0.10"))
            try write("", web: true)
            let isOff = try await eventually(within: .seconds(20)) {
                let left = try await lab.shell(
                    "node:n1",
                    "ovn-nbctl list DNS; ovn-nbctl --bare --columns=match find ACL action=allow-stateless; "
                        + "ovn-sbctl lflow-list n1 | grep 'dns_lookup(' || true")
                return left.allSatisfy(\.isWhitespace)
            }
            #expect(isOff)
            let isPassed = try await eventually(within: .seconds(20)) {
                try await ask("+noedns \(known)").contains("REFUSED")
            }
            #expect(isPassed)
        }
        try Files.remove(file)
    }

    @Test("switched off it leaves no row and no answer; switched on, all is as before", .timeLimit(.minutes(3)))
    func switchedOff() async throws {
        let lab = try Packets.lab()
        func rows() async throws -> String {
            try await lab.shell(
                "node:n1",
                "ovn-nbctl --bare --columns=cidr list DHCP_Options | sort; ovn-nbctl --bare --columns=name list "
                    + "Logical_Router_Port | grep rtog; ovn-sbctl lflow-list n1 | grep -c put_dhcp || true")
        }
        let isOn = try await eventually(within: .seconds(20)) { try await rows().contains("rtog-n1") }
        #expect(isOn)
        let before = try await rows()
        #expect(try await lab.ovenbird("modules", "disable", "name-service", "--yes").succeeded)
        #expect(try await eventually(within: .seconds(20)) { try await rows() == "0\n" })
        #expect(try await lab.ovenbird("modules", "enable", "name-service").succeeded)
        #expect(try await eventually(within: .seconds(20)) { try await rows() == before })
    }
}
