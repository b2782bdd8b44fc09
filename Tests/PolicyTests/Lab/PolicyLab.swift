import Core
import Glibc
import Linux
import LocalHTTP
import Model
import Supervision
import Synchronization
import Testing

@testable import Lab

/// A lab of two nodes whose pods do nothing: the tests themselves speak and listen in the pods' namespaces.
final class PolicyLab: Sendable {
    @TaskLocal static var current: PolicyLab?
    static func get() throws -> PolicyLab { try #require(current) }

    let paths: LabPaths
    let record: LabRecord
    let probe: LabProbe
    private let manifests: String
    private let step = Mutex(0)
    private let server = Mutex<Prober?>(nil)
    /// How many probes passed that were denied within the second after.
    let lateDenials = Mutex(0)
    var families: [Family] { record.families.list }

    private init(_ paths: LabPaths, _ record: LabRecord, _ manifests: String) throws {
        self.paths = paths
        self.record = record
        self.manifests = manifests
        probe = try LabProbe(paths)
    }

    static func up(_ name: String, _ families: LabFamilies, _ world: World) async throws -> PolicyLab {
        let paths = LabPaths(name: name)
        let manifests = "/tmp/ovbt-policy-\(getpid())-\(name)"
        // What a run that was killed has left of the same name.
        _ = try await onThread { try LabDown(paths).run() }
        try Files.makeDirectory(manifests)
        try Files.write("\(manifests)/world.yaml", world.text(step: 0))
        let record = LabRecord(
            name: name, manifests: manifests, nodes: 2, families: families, daemon: [Executables.ovenbird],
            plugin: Executables.plugin, began: time(nil))
        _ = try await LabUp(
            paths, record, supervisor: [Executables.ovenbird, "lab", "run", name], timeout: .seconds(60),
            keep: false, progress: Quiet()
        ).run()
        return try PolicyLab(paths, record, manifests)
    }

    /// Serves in all pods until the lab goes.
    func prober() throws -> Prober {
        try server.withLock { server in
            if let server { return server }
            let made = try Prober(try places(), serving: TruthTable.ports)
            server = made
            return made
        }
    }

    func down() async throws {
        server.withLock { $0?.stop() }
        let late = lateDenials.withLock(\.self)
        if late > 0 { print("\(paths.name): \(late) probes were denied late, within a second") }
        if getenv("OVENBIRD_KEEP_LAB") != nil { return }
        let paths = paths
        _ = try await onThread { try LabDown(paths).run() }
        _ = try await Command("rm", "-rf", manifests).run()
    }

    private struct Quiet: LabProgress {
        func done(_ step: String, _ detail: String, after: Duration) {}
        func waiting(_ step: String, for what: String) {}
    }

    // MARK: steps

    /// Makes the world be this one, and returns when every node's engine has it in force.
    func set(_ world: World) async throws {
        let number = step.withLock { step in
            step += 1
            return step
        }
        let file = "\(manifests)/world.yaml"
        try Files.write("\(manifests)/.new", world.text(step: number))
        guard rename("\(manifests)/.new", file) == 0 else { throw SystemError(last: "rename \(file)") }
        for node in record.nodes { try await onThread { [self] in try wait(for: number, on: node) } }
        for node in record.nodes {
            try await onThread { [probe] in
                _ = try probe.run(
                    "node:\(node)", ["ovn-nbctl", "--timeout=20", "--wait=hv", "sync"], deadline: .seconds(25))
            }
        }
    }

    /// The daemon has read the step's marker, which comes with the rest, and its planes have confirmed that turn.
    private func wait(for step: Int, on node: String) throws {
        let control = LocalHTTP(socket: "\(paths.runDirectory(node))/control.sock")
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            if try isInForce(step, control) { return }
            usleep(20_000)
        }
        throw LabFailure("node \(node) did not come to step \(step)")
    }

    private func isInForce(_ step: Int, _ control: LocalHTTP) throws -> Bool {
        guard let answer = try? control.ask("GET", "/object?id=Namespace/step"), answer.status == 200 else {
            return false
        }
        let marker = JSONCursor(try JSON(parsing: answer.text))
        return try marker["body"].string().contains("\"step-\(step)\"")
            && marker["object"]["state"].string() == "settled"
    }

    // MARK: looks

    /// The pods' namespaces and addresses as they are now.
    func places() throws -> [String: Prober.Place] {
        let report = try Labs.report(paths)
        return try Dictionary(
            uniqueKeysWithValues: report.pods.filter { $0.phase == .running }.map { pod in
                let addresses = pod.addresses.compactMap { $0.split(separator: "/").first.flatMap { IPAddress($0) } }
                return (
                    pod.key,
                    Prober.Place(
                        namespace: try NetworkNamespace.named(paths.pod(pod.sandbox)),
                        addresses: Dictionary(addresses.map { ($0.family, $0) }) { first, _ in first })
                )
            })
    }

    /// What a tool of the engine says on a node.
    func ask(_ node: String, _ arguments: String...) async throws -> String {
        try await onThread { [probe] in try probe.run("node:\(node)", arguments).output }
    }

    /// The lines of the engine's logs that tell of a match that it did not understand.
    func parseErrors() throws -> [String] {
        try record.nodes.flatMap { node in
            try Files.read("\(paths.engineDirectory(node))/ovn-controller.log").split(separator: "\n")
                .filter { $0.contains("error parsing match") || $0.contains("|lflow|WARN") }.map(String.init)
        }
    }
}

/// The executables of this build are where the test's own is.
enum Executables {
    static let ovenbird = path("ovenbird")
    static let plugin = path("ovenbird-cni")
    static let benchmark = path("PolicyBenchmark")

    private static func path(_ name: String) -> String {
        guard let resolved = realpath("/proc/self/exe", nil) else { return name }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
    }
}

/// Brings a lab up for a suite, and takes it down after it, whatever its tests do.
struct InPolicyLab: SuiteTrait, TestScoping {
    let name: String
    let families: LabFamilies

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        let lab = try await PolicyLab.up("\(name)-\(getpid() % 10_000)", families, .standard)
        do {
            // Everybody has reached everybody once: what is refused later is refused by a policy.
            let before = try await lab.table(.standard, try lab.prober(), isSet: true)
            try #require(before.wrong.isEmpty, "without policies everybody reaches everybody\n\(before)")
            try await PolicyLab.$current.withValue(lab, operation: body)
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
    }
}

/// All suites with packets, one after the other: a lab wants the machine's cores for itself.
@Suite("Policies in a lab", .serialized) struct InLabs {}
