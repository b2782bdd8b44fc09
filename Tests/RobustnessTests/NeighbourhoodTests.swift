import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// A node's address changes, and labs beside each other.
    @Suite(.serialized, .lab("beside", nodes: 2, pods: ["n1": ["a"], "n2": ["b"]]))
    struct Surroundings {
        let lab: RealLab

        init() throws { lab = try RealLab.current }

        @Test("everything follows a node's new addresses, and nothing of the old ones is left")
        func addressChanges() async throws {
            try await lab.settled()
            let began = ContinuousClock.now
            // As a DHCP client does it.
            for command in [
                "address add 172.30.0.22/24 dev bre0", "address del 172.30.0.2/24 dev bre0",
                "address replace 172.30.0.22/24 dev bre0", "route replace default via 172.30.0.100 dev bre0",
                "address add fd30::22/64 dev bre0 nodad", "address del fd30::2/64 dev bre0",
                "route replace default via fd30::100 dev bre0",
            ] { try lab.run("node:n2", "sh", "-c", "ip \(command)") }
            let object = "\(lab.paths.objects)/node-n2.json"
            let text = try Files.read(object).replacing("172.30.0.2\"", with: "172.30.0.22\"")
                .replacing("fd30::2\"", with: "fd30::22\"")
            try RealLab.write(text, to: object)
            try await until("n2 has the new addresses everywhere, and the old ones nowhere", within: .seconds(20)) {
                try follows()
            }
            print("measured: new node addresses in force after \(began.duration(to: .now))")
            for family in [Family.v4, .v6] {
                try await until("pods reach each other, \(family)") {
                    try lab.probe.pings("shop/a", lab.address("shop/b", family))
                }
                try await until("a pod of n2 reaches the outside, \(family)") {
                    try lab.probe.pings("shop/b", lab.address("outside", family))
                }
            }
            try await lab.settled()
        }

        private func follows() throws -> Bool {
            let tables = [
                ("node:n2", "ovn-nbctl", "Logical_Router_Port", "networks"),
                ("node:n2", "ovn-nbctl", "NAT", "external_ip"),
                ("node:n2", "ovs-vsctl", "Open_vSwitch", "external_ids"), ("node:n1", "ovn-sbctl", "Encap", "ip"),
                ("node:n1", "ovs-vsctl", "Interface", "options"),
            ]
            var texts = try tables.map { place, tool, table, column in
                try lab.run(place, tool, "--no-headings", "--format=csv", "--columns=\(column)", "list", table)
            }
            texts.append(try Picture(lab, "n2").parts["flows"]?.joined(separator: "\n") ?? "")
            texts.append(try Files.read("\(lab.paths.status)/n2/Node..n2.json"))
            for (index, text) in texts.enumerated() {
                if !text.contains("172.30.0.22") { throw Words("\(index): the new address is not in\n\(text)") }
                let marks = [
                    "172.30.0.2/", "172.30.0.2\"", "172.30.0.2,", "172.30.0.2\n", "fd30::2/", "fd30::2\"", "fd30::2\n",
                ]
                for mark in marks where "\(text)\n".contains(mark) {
                    throw Words("\(index): \(mark) is still in\n\(text)")
                }
            }
            return true
        }

        @Test("a second lab does not disturb the first, and one that is interrupted leaves nothing")
        func sideBySide() async throws {
            try await lab.healthy()
            let picture = try Picture(lab, "n1")
            let pinging = try await Pinging(lab, from: "shop/a", to: lab.address("shop/b"))
            let other = try await RealLab.up("t-other", nodes: 1, pods: ["n1": ["x", "y"]])
            #expect(try other.probe.pings("shop/x", other.address("shop/y")))
            try await other.down()
            for milliseconds in [30, 300, 1000] { try await interrupt(after: milliseconds) }
            #expect(try Picture(lab, "n1").differences(to: picture) == [])
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }

        /// Interrupts `lab up` and looks for what it may have left.
        private func interrupt(after milliseconds: Int) async throws {
            let name = "t-cut-\(getpid())"
            let child = try ChildProcess(
                [
                    RealLab.program, "lab", "up", lab.manifests, "--nodes", "1", "--name", name, "--cni",
                    "\(RealLab.directory)/ovenbird-cni",
                ], output: .null, errors: .null)
            try await Task.sleep(for: .milliseconds(milliseconds))
            child.signal(SIGINT)
            let exit = try await onThread { try child.wait(timeout: .seconds(20)) }
            // So early that it does not listen yet, the signal ends it.
            #expect(exit == .code(130) || exit == .signal(Int(SIGINT)), "after \(milliseconds) ms")
            let paths = LabPaths(name: name)
            #expect(!Files.exists(paths.directory))
            #expect(NetworkNamespace.names().filter { $0.hasPrefix(paths.namespacePrefix) } == [])
            #expect(LabProcesses(paths).find() == [])
        }
    }
}
