import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// Nodes that come, go, come back as others, or say nonsense.
    @Suite(.serialized, .lab("peers", nodes: 3, pods: ["n1": ["a"], "n2": ["b"], "n3": ["c"]]))
    struct Peers {
        let lab: RealLab

        init() throws { lab = try RealLab.current }

        /// What a node's engine has of another node.
        private func traces(of peer: String, on node: String) throws -> [String] {
            let tables = [
                ("ovn-nbctl", "name", "Logical_Switch_Port"),
                ("ovn-nbctl", "external_ids", "Logical_Router_Static_Route"),
                ("ovn-sbctl", "name,hostname", "Chassis"), ("ovn-sbctl", "chassis_name", "Encap"),
                ("ovs-vsctl", "name", "Interface"),
            ]
            return try tables.flatMap { tool, columns, table in
                try lab.run(
                    "node:\(node)", tool, "--no-headings", "--format=csv", "--columns=\(columns)", "list", table
                )
                .split(separator: "\n").filter { $0.contains(peer) }.map { "\(table): \($0)" }
            }
        }

        @Test("a node that is removed leaves nothing, and comes back under its name as another chassis")
        func returns() async throws {
            try await lab.healthy()
            let object = "\(lab.paths.objects)/node-n3.json"
            let text = try Files.read(object)
            #expect(try traces(of: "n3", on: "n1").count >= 5)
            let pinging = try await Pinging(lab, from: "shop/a", to: lab.address("shop/b"))
            try Files.remove(object)
            for node in ["n1", "n2"] {
                try await until("\(node) has nothing of n3") {
                    let left = try traces(of: "n3", on: node)
                    if !left.isEmpty { throw Words(left.joined(separator: "\n")) }
                    return true
                }
            }
            // As after a new installation of the machine.
            try lab.run("node:n3", "ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:system-id=n3-again")
            try lab.run("node:n3", "ovn-sbctl", "chassis-del", "n3")
            try RealLab.write(text, to: object)
            for node in ["n1", "n2"] {
                try await until("\(node) has one chassis of n3, the new one") {
                    let rows = try traces(of: "n3", on: node).filter { $0.hasPrefix("Chassis:") }
                    if rows != ["Chassis: n3-again,n3"] { throw Words("\(rows)") }
                    return true
                }
            }
            try await until("n1 reaches the pod of n3") { try lab.probe.pings("shop/a", lab.address("shop/c")) }
            try await until("the pod of n3 reaches n2") { try lab.probe.pings("shop/c", lab.address("shop/b", .v6)) }
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
            try await lab.settled()
        }

        @Test(
            "of a node that says nonsense nothing is made, and the others go on",
            arguments: [
                ("node-encap-ips", "[broken"), ("node-encap-ips", #"["172.30.0.900"]"#),
            ])
        func isSkipped(_ key: String, _ value: String) async throws {
            try await lab.healthy()
            let pinging = try await Pinging(lab, from: "shop/a", to: lab.address("shop/b"))
            let file = "\(lab.manifests)/n9.yaml"
            defer { try? Files.remove(file) }
            try RealLab.write(Self.node(wrong: key, value), to: file)
            try await until("n1 names the key and the node") {
                let outcome = try await lab.ovenbird("status", "--node", "n1")
                guard outcome.exit == .code(1) else { throw Words("\(outcome.exit) \(outcome.output)") }
                let line = outcome.output.split(separator: "\n").first { $0.contains(key) && $0.contains("n9") }
                if line == nil { throw Words(outcome.output) }
                return true
            }
            #expect(try traces(of: "n9", on: "n1") == [])
            #expect(try lab.probe.pings("shop/a", lab.address("shop/c")))
            try RealLab.write(Self.node(wrong: nil, ""), to: file)
            try await until("n1 has the node when it is mended") { try traces(of: "n9", on: "n1").count >= 4 }
            try Files.remove(file)
            try await until("n1 has nothing of the node") { try traces(of: "n9", on: "n1").isEmpty }
            try await lab.healthy()
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }

        @Test("an address that two nodes say is theirs is told, and the node that had it keeps it")
        func isClaimedTwice() async throws {
            try await lab.healthy()
            let pinging = try await Pinging(lab, from: "shop/a", to: lab.address("shop/b"))
            let file = "\(lab.manifests)/n9.yaml"
            defer { try? Files.remove(file) }
            try RealLab.write(Self.node(wrong: "node-encap-ips", #"["172.30.0.2"]"#), to: file)
            try await until("n1 names the address and the nodes") {
                let outcome = try await lab.ovenbird("status", "--node", "n1")
                let words = ["NodeNetwork/n9", "172.30.0.2", "NodeNetwork/n2"]
                let lines = outcome.output.split(separator: "\n")
                return outcome.exit == .code(1) && lines.contains { line in words.allSatisfy { line.contains($0) } }
            }
            try Files.remove(file)
            try await lab.settled()
            #expect(try traces(of: "n9", on: "n1") == [])
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }

        /// A node that exists on paper only.
        private static func node(wrong key: String?, _ value: String) -> String {
            var annotations = [
                "node-id": "90", "node-chassis-id": "n9", "node-encap-ips": #"["172.30.0.9"]"#,
                "node-subnets": #"{"default":["10.244.250.0/24","fd00:10:244:250::/64"]}"#,
                "node-transit-switch-port-ifaddr": #"{"ipv4":"100.88.0.90/16","ipv6":"fd97::5a/64"}"#,
            ]
            if let key { annotations[key] = value }
            let lines = annotations.sorted { $0.key < $1.key }.map { "    k8s.ovn.org/\($0.key): '\($0.value)'\n" }
            return "apiVersion: v1\nkind: Node\nmetadata:\n  name: n9\n  annotations:\n\(lines.joined())"
                + "status: {addresses: [{type: InternalIP, address: 172.30.0.9}]}\n"
        }
    }
}
