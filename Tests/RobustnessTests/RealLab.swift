import Glibc
import Linux
import LocalHTTP
import Model
import Testing

@testable import Lab

/// A lab of real daemons and a real engine, taken down by its owner.
final class RealLab: Sendable {
    let paths: LabPaths
    let probe: LabProbe
    /// The directory of its manifests.
    let manifests: String

    /// The lab of the suite that is running.
    @TaskLocal static var shared: RealLab?

    static var current: RealLab {
        get throws { try #require(shared, "the suite has no lab") }
    }

    /// The executables of this build are where the test's own is.
    static let directory: String = {
        let path = realpath("/proc/self/exe", nil).map { String(cString: $0) } ?? ""
        return path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
    }()
    static let program = "\(directory)/ovenbird"

    private init(_ paths: LabPaths, _ manifests: String) throws {
        self.paths = paths
        self.manifests = manifests
        probe = try LabProbe(paths)
    }

    /// Makes a lab and waits until it works.
    ///
    /// - Parameter pods: names of pods of the namespace `shop`, by node.
    static func up(_ name: String, nodes: Int, pods: [String: [String]]) async throws -> RealLab {
        try await removeLeft(name)
        let name = "\(name)-\(getpid())"
        let paths = LabPaths(name: name)
        let manifests = "/tmp/ovbt-\(name)"
        try Files.makeDirectory(manifests)
        try write(Self.manifest(pods), to: "\(manifests)/pods.yaml")
        let outcome = try await command(
            name,
            ["lab", "up", manifests, "--nodes", "\(nodes)", "--name", name, "--cni", "\(directory)/ovenbird-cni"],
            deadline: .seconds(180))
        guard outcome.succeeded else {
            _ = try? await Command("rm", "-rf", manifests).run()
            throw CommandError(command: "lab up \(name)", message: outcome.errors)
        }
        return try RealLab(paths, manifests)
    }

    /// Takes down what a run of this test left that was killed. Other runs of it have labs of their own.
    private static func removeLeft(_ name: String) async throws {
        for lab in Labs.names() where lab.hasPrefix("\(name)-") {
            guard let pid = pid_t(lab.dropFirst(name.count + 1)), !Files.exists("/proc/\(pid)") else { continue }
            _ = try await onThread { try LabDown(LabPaths(name: lab)).run() }
        }
    }

    static func manifest(_ pods: [String: [String]]) -> String {
        var text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
        for (node, names) in pods.sorted(by: { $0.key < $1.key }) {
            for name in names { text += pod(name, on: node) }
        }
        return text
    }

    static func pod(_ name: String, on node: String) -> String {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: shop, labels: {app: \(name)}}
        spec:
          nodeName: \(node)
          containers:
            - {name: main, image: none, command: [sleep, infinity]}

        """
    }

    /// Writes a file so that a reader sees it whole.
    static func write(_ text: String, to path: String) throws {
        try Files.write("\(path).draft", text)
        guard rename("\(path).draft", path) == 0 else { throw SystemError(last: "rename \(path).draft") }
    }

    func down() async throws {
        let paths = paths
        _ = try await onThread { try LabDown(paths).run() }
        try await Command("rm", "-rf", manifests).run()
    }

    /// Runs the program itself with this lab as its target.
    @discardableResult
    func ovenbird(_ arguments: String...) async throws -> Command.Outcome {
        try await Self.command(paths.name, arguments + ["--lab", paths.name], deadline: .seconds(30))
    }

    private static func command(
        _ lab: String, _ arguments: [String], deadline: Duration
    ) async throws -> Command.Outcome {
        try await Command([program] + arguments, deadline: deadline).outcome()
    }

    /// Runs a command in a pod, on a node or outside; throws when it fails.
    @discardableResult
    func run(_ place: String, _ words: String...) throws -> String {
        let outcome = try probe.run(place, words)
        guard outcome.succeeded else {
            throw CommandError(command: "\(place): \(words.joined(separator: " "))", message: outcome.errors)
        }
        return outcome.output
    }

    func address(_ place: String, _ family: Family = .v4) throws -> IPAddress {
        try #require(try probe.addresses(of: place).first { $0.family == family }, "\(place) has no \(family) address")
    }
}

/// Gives a suite a lab of its own, and takes it down after the last test.
struct LabTrait: SuiteTrait, TestScoping {
    let name: String
    let nodes: Int
    let pods: [String: [String]]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        let lab = try await RealLab.up(name, nodes: nodes, pods: pods)
        do {
            try await lab.settled()
            try await RealLab.$shared.withValue(lab) { try await body() }
        } catch {
            try await lab.down()
            throw error
        }
        try await lab.down()
    }
}

extension Trait where Self == LabTrait {
    static func lab(_ name: String, nodes: Int, pods: [String: [String]]) -> Self {
        LabTrait(name: "t-\(name)", nodes: nodes, pods: pods)
    }
}

/// All suites of this target: one after the other, since they measure time on few cores.
@Suite(.serialized, .timeLimit(.minutes(3))) enum Robustness {}
