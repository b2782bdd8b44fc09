import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// The configuration is read again while everything runs.
    @Suite(.serialized, .lab("reload", nodes: 1, pods: ["n1": ["a", "b"]]))
    struct Reload {
        let lab: RealLab

        init() throws { lab = try RealLab.current }

        private static let logged = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop, annotations: {k8s.ovn.org/acl-logging: '{"deny": "info"}'}}
            """
        private static let policy = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: closed, namespace: shop}
            spec: {podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress]}
            """

        private var file: String { lab.paths.configuration("n1") }
        private func said() throws -> String { try Files.read("\(lab.paths.logs)/n1.log") }

        private func rate() throws -> String {
            try lab.run("node:n1", "ovn-nbctl", "--bare", "--columns=rate", "list", "Meter_Band")
                .filter { !$0.isWhitespace }
        }

        private func isOn(_ module: String) async throws -> Bool {
            let list = JSONCursor(try await lab.daemon("n1").ask("GET", "/modules"))
            let item = try #require(try list["items"].elements().first { try $0["name"].string() == module })
            return try item["on"].boolean()
        }

        /// Writes the configuration and asks the daemon to read it.
        private func reload(_ text: String) throws {
            try RealLab.write(text, to: file)
            #expect(kill(try lab.daemon("n1").pid, SIGHUP) == 0)
        }

        @Test("what can change at once does, what cannot is named, and a broken file changes nothing")
        func reloads() async throws {
            let text = try Files.read(file)
            let pods = RealLab.manifest(["n1": ["a", "b"]])
                .replacing("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}", with: Self.logged)
            try RealLab.write("\(pods)---\n\(Self.policy)", to: "\(lab.manifests)/pods.yaml")
            try await until("the policy logs, as fast as it does by itself") { try rate() == "20" }
            let pid = try lab.daemon("n1").pid
            let pinging = try await Pinging(lab, from: "shop/b", to: lab.address("shop/a"))

            try reload(
                text.replacing("mtu=1400", with: "mtu=1300")
                    + "[logging]\nacl-logging-rate-limit=7\n[modules]\nmulticast=false\n")
            try await until("the new rate is in force") { try rate() == "7" }
            try await until("the module is off") {
                try await !isOn("multicast")
            }
            try await until("the log says all of it") {
                let log = try said()
                return log.contains("logging.acl-logging-rate-limit=7 (\(file):") && log.contains("is in force")
                    && log.contains("default.mtu=1300 (\(file):")
                    && log.contains("takes effect when the daemon starts again")
                    && log.contains("module multicast is off")
            }

            try reload(text + "[logging]\nacl-logging-rate-limit=fast\n[modules]\nmulticast=true\n")
            try await until("the mistake is named with its place") {
                let log = try said()
                return log.contains("acl-logging-rate-limit=fast is not a whole number")
                    && log.contains("the configuration stays as it was")
            }
            #expect(try rate() == "7")
            #expect(try await !isOn("multicast"))

            try reload(text)
            try await until("everything is as it was") {
                let isOn = try await isOn("multicast")
                return try isOn && rate() == "20"
            }
            #expect(try lab.daemon("n1").pid == pid, "it is the same process")
            try await lab.settled()
            let result = try await pinging.stop()
            #expect(result.lost == 0, "\(result)")
        }
    }
}
