import Glibc
import Linux
import Testing

extension InLabs {
    @Suite("Many policies on a real engine", .timeLimit(.minutes(5)))
    struct Scale {
        /// `OVENBIRD_POLICY_SCALE=100` namespaces for a long run: 5,000 pods, 1,000 policies.
        private let namespaces = getenv("OVENBIRD_POLICY_SCALE").flatMap { Int(String(cString: $0)) } ?? 6

        @Test("cost few flows, are soon in force, and leave the node's own probes when an admin denies all pods")
        func engine() async throws {
            let command = [
                Executables.benchmark, "engine", Executables.ovenbird, Executables.plugin, "\(namespaces)",
                "\(max(25, namespaces))",
            ]
            let output = try await onThread { try Command(command, deadline: .seconds(280)).run() }
            print(output)
            func numbers(_ word: String) throws -> [Int] {
                let line = try #require(output.split(separator: "\n").first { $0.hasPrefix(word) }, "\(output)")
                return line.split { !$0.isNumber }.compactMap { Int($0) }
            }
            let flows = try numbers("flows")
            // Each address of a peer is two flows for each rule and family; never times the pods of the rule.
            try #require(flows.count == 2 && flows[0] > flows[1], "\(output)")
            #expect(flows[0] - flows[1] < min(1_500 * namespaces, 50_000), "\(output)")
            // In milliseconds, first and steady; what is aimed at is 5 s for the first of 1,000 policies.
            #expect(try numbers("sync")[0] < 20_000, "\(output)")
            #expect(try #require(numbers("add").last) < 10_000, "\(output)")
            #expect(output.contains("denied true, own node's probes pass true"), "\(output)")
        }
    }
}
