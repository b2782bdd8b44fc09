import CNI
import Feeds
import Glibc
import Linux
import Model
import Testing

/// Runs the real executable.
private struct Plugin {
    /// The executables of this build are where the test's own is.
    static let path: String = {
        let path = realpath("/proc/self/exe", nil).map { String(cString: $0) } ?? ""
        return path.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/ovenbird-cni"
    }()

    var environment: [String: String]

    static func add(_ bench: Bench) -> Plugin {
        Plugin(environment: [
            "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "a1", "CNI_NETNS": "/proc/self/ns/net", "CNI_IFNAME": "eth0",
            "CNI_ARGS": "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web", "OVENBIRD_CNI_SOCKET": bench.socket,
        ])
    }

    func with(_ name: String, _ value: String?) -> Plugin {
        var copy = self
        copy.environment[name] = value
        return copy
    }

    func run(
        _ input: String = #"{"cniVersion":"1.1.0","name":"x","type":"y"}"#
    ) async throws -> (json: JSON, exit: ChildProcess.Exit) {
        let command = Command([Self.path], input: input, environment: environment)
        let outcome = try await onThread { try command.outcome() }
        #expect(outcome.errors.isEmpty)
        return (outcome.output.isEmpty ? .null : try JSON(parsing: outcome.output), outcome.exit)
    }
}

@Suite(.timeLimit(.minutes(3))) struct PluginTests {
    @Test func addAndDelAreAnsweredByTheDaemon() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            let plugin = Plugin.add(bench)
            let added = try await plugin.run()
            #expect(added.exit == .code(0) && added.json["cniVersion"] == "1.1.0")
            #expect(node.news.attachments == ["a1.eth0"])
            let deleted = try await plugin.with("CNI_COMMAND", "DEL").run()
            #expect(deleted.exit == .code(0) && deleted.json == .null)
            #expect(node.news.attachments.isEmpty)
        }
    }

    @Test func anErrorOfTheDaemonIsPrintedAsItIs() async throws {
        let bench = try Bench(.failing(CNIError(.failed, "the subnet is full", details: "10.244.1.0/24")))
        try await bench.serving { _ in
            let answer = try await Plugin.add(bench).run()
            #expect(answer.exit == .code(1))
            #expect(CNIError(answer.json) == CNIError(.failed, "the subnet is full", details: "10.244.1.0/24"))
        }
    }

    @Test func withoutADaemonTheRuntimeIsToldToTryAgain() async throws {
        let bench = try Bench()
        let added = try await Plugin.add(bench).run()
        #expect(added.exit == .code(1) && added.json["code"] == 11)
        let status = try await Plugin.add(bench).with("CNI_COMMAND", "STATUS").run()
        #expect(status.exit == .code(1) && status.json["code"] == 50)
    }

    @Test func aDelWithoutADaemonIsDoneWhenTheDaemonIsBack() async throws {
        let bench = try Bench()
        try await bench.serving { _ in _ = try await Plugin.add(bench).run() }
        let deleted = try await Plugin.add(bench).with("CNI_COMMAND", "DEL").run()
        #expect(deleted.exit == .code(0))
        try await bench.serving { node in #expect(node.news.attachments.isEmpty && node.news.isListed) }
    }

    @Test func aDelThatCannotBeKeptFailsSoThatTheRuntimeTriesAgain() async throws {
        let bench = try Bench()
        try Files.write("\(bench.directory)/deletions", "in the way")
        let deleted = try await Plugin.add(bench).with("CNI_COMMAND", "DEL").run()
        #expect(deleted.exit == .code(1) && deleted.json["code"] == 11)
    }

    @Test(arguments: [("x", 6), ("", 6), (#"{"cniVersion":"7","name":"x"}"#, 1), (#"{"cniVersion":"1.0.0"}"#, 7)])
    func wrongInputHasItsCodeAndReachesNobody(_ input: String, _ code: Int) async throws {
        let bench = try Bench()
        try await bench.serving { node in
            let answer = try await Plugin.add(bench).run(input)
            #expect(answer.exit == .code(1) && answer.json["code"] == .integer(code))
            #expect(node.news.puts == 0)
        }
    }

    @Test(arguments: ["CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"])
    func aMissingVariableIsCodeFour(_ name: String) async throws {
        let answer = try await Plugin.add(Bench()).with(name, nil).run()
        #expect(answer.exit == .code(1) && answer.json["code"] == 4)
    }

    @Test func aMissingNamespaceIsCodeFourForAddAndNothingForDel() async throws {
        let bench = try Bench()
        let plugin = Plugin.add(bench).with("CNI_NETNS", "/run/netns/none")
        #expect(try await plugin.run().json["code"] == 4)
        try await bench.serving { _ in
            let deleted = try await plugin.with("CNI_COMMAND", "DEL").run()
            #expect(deleted.exit == .code(0))
        }
    }

    @Test(arguments: ["", "x", #"{"cniVersion":"0.4.0"}"#])
    func versionNeedsNothing(_ input: String) async throws {
        let answer = try await Plugin(environment: ["CNI_COMMAND": "VERSION"]).run(input)
        #expect(answer.exit == .code(0))
        #expect(answer.json["supportedVersions"] == ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    }
}
