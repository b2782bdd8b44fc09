import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// A daemon that cannot work on a node says so and changes nothing.
    @Suite(.serialized, .timeLimit(.minutes(3)))
    struct Starts {
        static let usual = [
            "addr add 172.30.0.1/24 dev e0", "addr add fd30::1/64 dev e0 nodad",
            "route add default via 172.30.0.100 dev e0", "route add default via fd30::100 dev e0",
        ]

        /// Runs a daemon that must end by itself, and leave everything as it was.
        private func refused(
            _ node: LoneNode, _ more: [String] = [], code: Int = 1, says words: String...,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let before = try node.network()
            let outcome = try await node.refusal(more)
            #expect(outcome.exit == .code(code), "\(outcome.errors)", sourceLocation: sourceLocation)
            let lines = outcome.errors.split(separator: "\n")
            for word in words {
                #expect(
                    lines.contains { $0.contains(word) }, "\(word):\n\(outcome.errors)", sourceLocation: sourceLocation)
            }
            if code == 1 {
                #expect(lines.contains { $0.hasPrefix("error: ") }, "\(outcome.errors)", sourceLocation: sourceLocation)
                #expect(
                    lines.contains { $0.hasPrefix("  next: ") }, "\(outcome.errors)", sourceLocation: sourceLocation)
            }
            try await until("no process is left", within: .seconds(20), sourceLocation: sourceLocation) {
                let left = try LoneNode.processes(in: node.name).map { pid in
                    (try? Files.read("/proc/\(pid)/cmdline"))?.replacing("\0", with: " ") ?? ""
                }
                if !left.isEmpty { throw Words("\(left)") }
                return true
            }
            let changes = try node.changes(since: before)
            #expect(changes == [], sourceLocation: sourceLocation)
        }

        @Test("default routes of two families by two interfaces are refused with the names of both")
        func twoInterfaces() async throws {
            let node = try LoneNode(
                "two", cards: ["br-ex", "ens4"],
                setup: [
                    "addr add 172.30.0.1/24 dev br-ex", "addr add fd30::1/64 dev ens4 nodad",
                    "route add default via 172.30.0.100 dev br-ex", "route add default via fd30::100 dev ens4",
                ])
            try node.configure()
            try await refused(
                node, says: "multiple gateway interfaces detected: br-ex ens4", "(MultipleGatewayInterfaces)",
                "gateway.interface")
            // Mended, it starts.
            try node.ip([
                "route del default via fd30::100 dev ens4", "addr add fd30::2/64 dev br-ex nodad",
                "route add default via fd30::100 dev br-ex",
            ])
            let child = try node.start()
            try await until("the gateway is found") { try await gateway(node).contains("br-ex") }
            _ = try await onThread { try child.stop() }
        }

        @Test("a node without a default route is refused")
        func noRoute() async throws {
            let node = try LoneNode("none", cards: ["e0"], setup: ["addr add 172.30.0.1/24 dev e0"])
            try node.configure(more: "[default]\nmtuu=1400")
            try await refused(
                node, says: "failed to get default gateway interface", "(NoGatewayInterface)", "gateway.next-hop",
                "did you mean mtu")
        }

        @Test("an annotation of the node that was spoilt while the daemon was away is refused, and its network stays")
        func spoiltNode() async throws {
            let node = try LoneNode("spoilt", cards: ["e0"], setup: Self.usual)
            try node.configure()
            func annotate(subnets: String) throws {
                try RealLab.write(
                    """
                    apiVersion: v1
                    kind: Node
                    metadata:
                      name: n1
                      annotations:
                        k8s.ovn.org/node-id: "2"
                        k8s.ovn.org/node-subnets: '\(subnets)'
                        k8s.ovn.org/node-transit-switch-port-ifaddr: '{"ipv4":"100.88.0.2/16","ipv6":"fd97::2/64"}'
                    status:
                      addresses: [{type: InternalIP, address: 172.30.0.1}, {type: InternalIP, address: "fd30::1"}]
                    """, to: "\(node.directory)/manifests/node.yaml")
            }
            func isInForce() throws -> Bool {
                try node.run("ip", "-o", "address", "show").contains("10.244.2.2/24")
            }
            let good = #"{"default":["10.244.2.0/24","fd00:10:244:2::/64"]}"#
            try annotate(subnets: good)
            let first = try node.start()
            try await until("the node has its network") { try isInForce() }
            _ = try await onThread { try first.stop() }
            let before = try node.network()

            try annotate(subnets: #"{"default":["10.244.2.0/"]}"#)
            let outcome = try await node.refusal()
            #expect(outcome.exit == .code(1))
            #expect(outcome.errors.contains("k8s.ovn.org/node-subnets"), "\(outcome.errors)")
            let changes = try node.changes(since: before)
            #expect(changes == [])
            #expect(try isInForce())

            try annotate(subnets: good)
            let second = try node.start()
            try await until("the daemon runs again") {
                if let problem = try await node.daemon.problem() { throw Words(problem) }
                return true
            }
            _ = try await onThread { try second.stop() }
            #expect(try isInForce())
        }

        @Test("an interface that is too small for the pods' MTU is refused with both numbers")
        func smallInterface() async throws {
            let node = try LoneNode("mtu", cards: ["e0"], setup: ["link set e0 mtu 1450"] + Self.usual)
            try node.configure()
            try await refused(
                node, says: "MTU (1450) of network interface e0 is too small for specified overlay MTU (1400)", "1372")
        }

        @Test("networks that overlap are refused with both")
        func overlap() async throws {
            let node = try LoneNode("overlap", cards: ["e0"], setup: Self.usual)
            try node.configure(clusterSubnets: "10.96.128.0/17/24,fd00:10:244::/48/64")
            try await refused(node, says: "10.96.128.0/17", "10.96.0.0/16", "(Overlap)")
            try node.configure(clusterSubnets: "172.30.0.0/16/24,fd00:10:244::/48/64")
            try await refused(node, says: "cluster-subnets 172.30.0.0/16 overlaps the host's network 172.30.0.0/24")
        }

        static let overlaps: [(what: String, section: String, line: String, words: [String])] = [
            ("join and cluster", "gateway", "v4-join-subnet=10.244.128.0/17", ["10.244.128.0/17", "10.244.0.0/16"]),
            ("join and service", "gateway", "v6-join-subnet=fd00:10:96::/64", ["fd00:10:96::/64", "fd00:10:96::/112"]),
            (
                "transit and join", "clustermanager", "v4-transit-subnet=100.64.0.0/17",
                ["100.64.0.0/17", "100.64.0.0/16"]
            ),
            (
                "transit and cluster", "clustermanager", "v6-transit-subnet=fd00:10:244:7::/64",
                ["fd00:10:244:7::/64", "fd00:10:244::/48"]
            ),
            (
                "masquerade and join", "gateway", "v4-masquerade-subnet=100.64.9.0/29",
                ["100.64.9.0/29", "100.64.0.0/16"]
            ),
            (
                "transit and the host's", "clustermanager", "v6-transit-subnet=fd30::/64",
                ["fd30::/64", "the host's network"]
            ),
            ("join and the host's", "gateway", "v4-join-subnet=172.30.0.0/16", ["172.30.0.0/16", "172.30.0.0/24"]),
        ]

        @Test(
            "every two networks that overlap are refused with both, by nodes and by the cluster manager",
            arguments: overlaps)
        func overlapOfTwo(_ what: String, _ section: String, _ line: String, _ words: [String]) async throws {
            let node = try LoneNode("overlaps", cards: ["e0"], setup: Self.usual)
            try node.configure(more: "[\(section)]\n\(line)")
            let before = try node.network()
            func expectRefusal(_ outcome: Command.Outcome) {
                let isNamed = outcome.errors.split(separator: "\n").contains { line in
                    words.allSatisfy { line.contains($0) } && line.contains("overlap")
                }
                #expect(outcome.exit == .code(1) && isNamed, "\(outcome.errors)")
            }
            expectRefusal(try await node.refusal())
            let changes = try node.changes(since: before)
            #expect(changes == [])
            // The cluster manager knows no host.
            guard !what.contains("host") else { return }
            let cluster = [
                RealLab.program, "cluster", "--config", "\(node.directory)/node.conf", "--run-dir",
                "\(node.directory)/cluster", "--manifests", "\(node.directory)/manifests",
            ]
            expectRefusal(try await Command(cluster, deadline: .seconds(20), in: node.namespace).outcome())
        }

        @Test("what ends a daemon before it has begun leaves nothing running, whatever it is")
        func cannotStart() async throws {
            let node = try LoneNode("cannot", cards: ["e0"], setup: Self.usual)
            try node.configure(more: "[modules]\npod-network=false")
            try await refused(
                node, says: "reads NodeNetwork, which no feed brings and no enabled module publishes", "(CannotStart)")
            try node.configure()
            try Files.makeDirectory("\(node.directory)/run/control.sock/in-the-way")
            let before = try node.network()
            let outcome = try await node.refusal()
            #expect(!outcome.succeeded && outcome.errors.contains("control.sock"), "\(outcome.errors)")
            try await until("no process is left", within: .seconds(5)) {
                try LoneNode.processes(in: node.name).isEmpty
            }
            #expect(try node.changes(since: before) == [])
        }

        @Test("a broken configuration is refused with file, line and key; wrong flags end with 2")
        func brokenConfiguration() async throws {
            let node = try LoneNode("broken", cards: ["e0"], setup: Self.usual)
            try node.configure(more: "[gateway]\nvlan-id=lots\nnodeport=perhaps")
            try await refused(node, says: "node.conf:15", "vlan-id", "node.conf:16", "nodeport")
            try node.configure()
            try await refused(node, ["--mtuu", "1400"], code: 2, says: "--mtuu", "did you mean --mtu")
            try Files.remove("\(node.directory)/node.conf")
            try await refused(node, says: "node.conf", "(NotFound)")
        }

        @Test("of two default routes the one of the lower metric counts; a second daemon is refused")
        func metrics() async throws {
            let node = try LoneNode(
                "metrics", cards: ["e0", "e1"],
                setup: [
                    "addr add 172.30.0.1/24 dev e0", "addr add 172.31.0.1/24 dev e1",
                    "route add default via 172.31.0.100 dev e1 metric 200",
                    "route add default via 172.30.0.100 dev e0 metric 100",
                ])
            try node.configure()
            let child = try node.start()
            try await until("the gateway is found") { try await gateway(node).contains("\"bre0\"") }
            try await until("the first daemon has put everything in place") {
                let isConfirmed = try await node.daemon.status()["planes"].elements()
                    .allSatisfy { try $0["confirmed"].integer() > 0 }
                // The last of it: what leads to services, once the bridge has the card's addresses.
                return try isConfirmed && node.run("ip", "route").contains("169.254.169.1 dev bre0")
            }
            let before = try node.network()
            let second = try await node.refusal()
            #expect(second.exit == .code(1))
            #expect(
                second.errors.contains(
                    "error: another daemon already works in \(node.directory)/run (process \(child.pid))"),
                "\(second.errors)")
            let changes = try node.changes(since: before)
            #expect(changes == [])
            #expect(try await node.daemon.status()["role"].string() == "node")
            let began = ContinuousClock.now
            #expect(try await onThread { try child.stop() } == .code(0))
            #expect(began.duration(to: .now) < .seconds(10))
        }

        @Test("a daemon that does not answer is named, with advice that fits the way it was named")
        func unreachable() async throws {
            let socket = "/tmp/ovbt-nobody.sock"
            let outcome = try await Command([RealLab.program, "status", "--node-socket", socket]).outcome()
            #expect(!outcome.succeeded)
            #expect(outcome.errors.contains("cannot ask the daemon of \(socket) (Unreachable)"), "\(outcome.errors)")
            #expect(outcome.errors.contains("next: look whether a daemon runs"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("lab status"))
        }

        private func gateway(_ node: LoneNode) async throws -> String {
            let answer = try await node.daemon.ask("GET", "/rows?table=vs/Bridge")
            return answer.text()
        }
    }
}
