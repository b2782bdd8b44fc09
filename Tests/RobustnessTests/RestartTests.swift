import Glibc
import Linux
import Model
import Supervision
import Testing

@testable import Lab

extension Robustness {
    /// What dies comes back, and what it has done stays.
    @Suite(.serialized, .lab("restart", nodes: 2, pods: ["n1": ["a", "c"], "n2": ["b"]]))
    struct Restarts {
        let lab: RealLab

        init() throws { lab = try RealLab.current }

        private func pinging() async throws -> Pinging {
            try await Pinging(lab, from: "shop/a", to: lab.address("shop/b"))
        }

        /// Kills a process and waits until another one has its place.
        private func kill(_ file: String, _ signal: CInt = SIGKILL) async throws {
            let old = try DaemonView.pid(in: file)
            Glibc.kill(old, signal)
            try await until("\(file) names a new process") { try DaemonView.pid(in: file) != old }
        }

        /// How long the transaction logs of a node's databases are: each transaction makes one longer. In the southbound
        /// one the engine notes what it learns of neighbours, at any time.
        private func journals(_ node: String) throws -> [String: Int] {
            var lengths: [String: Int] = [:]
            for name in ["conf.db", "ovnnb_db.db"] {
                var status = stat()
                #expect(stat("\(lab.paths.engineDirectory(node))/\(name)", &status) == 0)
                lengths[name] = Int(status.st_size)
            }
            return lengths
        }

        /// The same once nobody writes any more: the engine notes at its own time how far it has come.
        private func restingJournals(_ node: String) async throws -> [String: Int] {
            var last = try journals(node)
            try await until("nobody writes any more") {
                try await Task.sleep(for: .seconds(1))
                let now = try journals(node)
                defer { last = now }
                return now == last
            }
            return last
        }

        @Test("a daemon that is started again with nothing changed writes nothing and loses no packet")
        func writesNothing() async throws {
            try await lab.healthy()
            try await lab.expectClean()
            let journals = try await restingJournals("n1")
            let picture = try Picture(lab, "n1")
            let pinging = try await pinging()
            try await kill(lab.daemon("n1").note)
            try await lab.healthy()
            try await lab.expectClean()
            let writes = try await lab.daemon("n1").writes()
            #expect(writes.count >= 6)
            #expect(writes.values.allSatisfy { $0 == 0 }, "\(writes)")
            let later = try self.journals("n1")
            #expect(later == journals)
            #expect(try Picture(lab, "n1").differences(to: picture) == [])
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }

        @Test("a daemon that is asked to stop does so quickly and leaves the dataplane as it is")
        func stops() async throws {
            try await lab.healthy()
            let picture = try Picture(lab, "n1")
            let pinging = try await pinging()
            let old = try lab.daemon("n1").pid
            Glibc.kill(old, SIGTERM)
            let time = try await until("the daemon has ended") { Glibc.kill(old, 0) != 0 }
            #expect(time < .seconds(10), "\(time)")
            try await pinging.more()
            try await lab.healthy()
            #expect(try Picture(lab, "n1").differences(to: picture) == [])
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }

        @Test("a node whose switch and daemon are killed at once has its addresses, routes and flows afterwards")
        func bothAtOnce() async throws {
            try await lab.healthy()
            let picture = try Picture(lab, "n1")
            let switchFile = "\(lab.paths.engineDirectory("n1"))/ovs-vswitchd.pid"
            let daemon = try lab.daemon("n1").pid
            let old = try DaemonView.pid(in: switchFile)
            Glibc.kill(daemon, SIGKILL)
            Glibc.kill(old, SIGKILL)
            try await until("another switch runs") { try DaemonView.pid(in: switchFile) != old }
            try await lab.healthy()
            try await untilSame(lab, "n1", as: picture)
            try await lab.settled()
            try await until("the pods reach each other") { try lab.probe.pings("shop/a", lab.address("shop/b")) }
            #expect(try lab.probe.pings("shop/a", lab.address("outside", .v6)))
        }

        /// What may be lost of a row of requests ten milliseconds apart.
        static let costs: [(process: String, lost: Int)] = [
            ("daemon", 1), ("ovn-controller", 1), ("ovn-northd", 1), ("ovnnb_db", 0), ("ovnsb_db", 0),
            ("ovsdb-server", 0), ("cluster", 0), ("ovs-vswitchd", 300),
        ]

        @Test("after any process was killed everything is right again without help", arguments: costs)
        func survives(_ process: String, _ lost: Int) async throws {
            try await lab.healthy()
            let picture = try Picture(lab, "n1")
            let pinging = try await pinging()
            switch process {
            case "daemon": try await kill(lab.daemon("n1").note)
            case "cluster": try await kill(lab.daemon("cluster").note)
            default: try await kill("\(lab.paths.engineDirectory("n1"))/\(process).pid")
            }
            try await pinging.more()
            try await lab.healthy()
            try await untilSame(lab, "n1", as: picture)
            try await lab.expectClean()
            let result = try await pinging.stop()
            print("\(process) killed: \(result)")
            #expect(result.lost <= lost, "\(process): \(result)")
            for family in [Family.v4, .v6] {
                for (from, to) in [
                    ("shop/a", "shop/b"), ("shop/b", "shop/c"), ("node:n1", "shop/b"), ("shop/a", "outside"),
                ] {
                    #expect(
                        try lab.probe.pings(from, lab.address(to, family)), "\(process): \(from) to \(to) \(family)")
                }
            }
        }
    }
}
