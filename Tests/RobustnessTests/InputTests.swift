import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// Wrong manifests while everything runs, and modules that are switched.
    @Suite(.serialized, .lab("input", nodes: 2, pods: ["n1": ["a", "c"], "n2": ["b"]]))
    struct Input {
        let lab: RealLab

        init() throws { lab = try RealLab.current }

        static let wrong: [(what: String, text: String, words: [String])] = [
            ("YAML that is none", "apiVersion: v1\nkind: Pod\nmetadata: {name: x\n", ["wrong.yaml:"]),
            (
                "an unknown kind",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: s}\n---\napiVersion: v1\nkind: Podd\nmetadata: {name: x}\n",
                ["wrong.yaml:6", "Podd"]
            ),
            (
                "a field of the wrong type",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec: {nodeName: 7}\n",
                ["wrong.yaml:4", "nodeName"]
            ),
            (
                "a misspelt field of a policy",
                """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: x, namespace: other}
                spec:
                  podSelector: {}
                  podSelectr: {}

                """, ["wrong.yaml:6", "NetworkPolicy/other/x", "spec.podSelectr", "did you mean podSelector"]
            ),
            (
                "a misspelt field of a pod",
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: x, namespace: other}
                spec:
                  hostNetwork: true
                  contaners: []

                """, ["wrong.yaml:6", "Pod/other/x", "spec.contaners", "did you mean containers"]
            ),
            (
                "an object that is there already",
                RealLab.pod("a", on: "n2"), ["wrong.yaml:", "shop/a"]
            ),
        ]

        @Test("what is wrong in a manifest is said with file and line, and nothing that worked stops", arguments: wrong)
        func isTold(_ what: String, _ text: String, _ words: [String]) async throws {
            try await lab.healthy()
            let picture = try Picture(lab, "n1")
            let pinging = try await Pinging(lab, from: "shop/a", to: lab.address("shop/b"))
            let file = "\(lab.manifests)/wrong.yaml"
            defer { try? Files.remove(file) }
            try RealLab.write(text, to: file)
            try await until("status says what is wrong") {
                let outcome = try await lab.ovenbird("status")
                guard outcome.exit == .code(1) else { throw Words("\(outcome.exit) \(outcome.output)") }
                let line = outcome.output.split(separator: "\n").first { line in words.allSatisfy { line.contains($0) }
                }
                if line == nil { throw Words(outcome.output) }
                return true
            }
            #expect(try Picture(lab, "n1").differences(to: picture) == [])
            try Files.remove(file)
            try await until("status is well again") { try await lab.ovenbird("status").exit == .code(0) }
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }

        @Test("a daemon that does not answer is named, the others' answers are shown, and the command says so by 3")
        func partial() async throws {
            try await lab.healthy()
            let pid = try lab.daemon("n2").pid
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            let outcome = try await lab.ovenbird("status", "-o", "json")
            #expect(outcome.exit == .code(3))
            #expect(outcome.errors.contains("cannot ask the daemon of n2 (Unreachable)"), "\(outcome.errors)")
            let answer = JSONCursor(try JSON(parsing: outcome.output))
            #expect(try answer["complete"].boolean() == false)
            #expect(try answer["items"].elements().map { try $0["name"].string() } == ["n1"])
            kill(pid, SIGCONT)
            try await until("all answer and are well") {
                try await lab.ovenbird("status", "-o", "json").exit == .code(0)
            }
            let whole = try await lab.ovenbird("status", "-o", "json")
            #expect(whole.exit == .code(0), "\(whole.errors)")
            #expect(try JSONCursor(try JSON(parsing: whole.output))["complete"].boolean())
        }

        @Test("a module that is switched off takes its own rows away and no others, and brings them back")
        func toggles() async throws {
            try await lab.settled()
            let picture = try Picture(lab, "n1")
            let pods = try await Pinging(lab, from: "shop/a", to: lab.address("shop/c"))
            let host = try await Pinging(lab, from: "outside", to: lab.address("node:n1"))
            let off = try await lab.ovenbird("modules", "disable", "gateway", "--yes", "--node", "n1")
            #expect(off.succeeded, "\(off.errors)")
            try await until("the network card has its addresses again") {
                let e0 = try lab.run("node:n1", "ip", "-o", "address", "show", "dev", "e0")
                let links = try lab.run("node:n1", "ip", "-o", "link")
                if links.contains("bre0") { throw Words(links) }
                return e0.contains("172.30.0.1/24") && e0.contains("fd30::1/64")
            }
            try await until("nothing of the gateway is left") {
                let left = try Picture(lab, "n1").parts
                let routers = left["nb"]?.filter { $0.contains("GR_n1") || $0.contains("ext_n1") } ?? []
                if !routers.isEmpty { throw Words("\(routers)") }
                return try await lab.daemon("n1").audit().allSatisfy { $0.writes == 0 && $0.answered }
            }
            let routes = try lab.run("node:n1", "ip", "route")
            #expect(routes.contains("default via 172.30.0.100 dev e0"), "\(routes)")
            #expect(try lab.probe.pings("node:n1", lab.address("shop/a")))
            let on = try await lab.ovenbird("modules", "enable", "gateway", "--node", "n1")
            #expect(on.succeeded, "\(on.errors)")
            try await untilSame(lab, "n1", as: picture)
            try await lab.settled()
            try await until("pods reach the outside") { try lab.probe.pings("shop/a", lab.address("outside")) }
            // Without a bridge under its network card the userspace switch has no way to send tunnels.
            try await until("pods reach other nodes") { try lab.probe.pings("shop/a", lab.address("shop/b")) }
            let local = try await pods.stop()
            #expect(local.lost == 0, "\(local)")
            let result = try await host.stop()
            print("measured: the host while the gateway goes off and on: \(result)")
            #expect(result.gap <= 3000, "\(result)")
        }
    }
}
