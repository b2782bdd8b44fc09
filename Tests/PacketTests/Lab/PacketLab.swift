import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// A lab with the real daemons and the real CNI executable, for one suite of tests.
final class PacketLab: Sendable {
    /// The lab of the suite that runs.
    @TaskLocal static var current: PacketLab?

    let paths: LabPaths
    let record: LabRecord
    let probe: LabProbe
    /// The manifests, and whatever else the tests write.
    let directory: String

    private init(_ paths: LabPaths, _ record: LabRecord, _ directory: String) throws {
        self.paths = paths
        self.record = record
        self.directory = directory
        probe = try LabProbe(paths)
    }

    static func up(
        _ name: String, nodes: Int, families: LabFamilies, clusterSubnets: [String] = [], pods: [LabPod]
    ) async throws -> PacketLab {
        let paths = LabPaths(name: name)
        let directory = "/tmp/ovbt-packets-\(getpid())-\(name)"
        // What a run that was killed has left of the same name.
        _ = try await onThread { try LabDown(paths).run() }
        try Files.makeDirectory("\(directory)/manifests")
        try Files.write("\(directory)/manifests/pods.yaml", pods.map(\.manifest).joined(separator: "---\n"))
        let record = LabRecord(
            name: name, manifests: "\(directory)/manifests", nodes: nodes, families: families,
            clusterSubnets: clusterSubnets, daemon: [Executables.ovenbird], plugin: Executables.plugin, began: time(nil)
        )
        _ = try await LabUp(
            paths, record, supervisor: [Executables.ovenbird, "lab", "run", name], timeout: .seconds(60),
            keep: getenv("OVENBIRD_KEEP_LAB") != nil, progress: Quiet()
        ).run()
        return try PacketLab(paths, record, directory)
    }

    func down() async throws {
        if getenv("OVENBIRD_KEEP_LAB") != nil { return }
        let paths = paths
        _ = try await onThread { try LabDown(paths).run() }
        _ = try await Command("rm", "-rf", directory).run()
    }

    private struct Quiet: LabProgress {
        func done(_ step: String, _ detail: String, after: Duration) {}
        func waiting(_ step: String, for what: String) {}
    }
}

/// The executables of this build are where the test's own is.
enum Executables {
    static let ovenbird = path("OVENBIRD_LAB_PROGRAM", "ovenbird")
    static let plugin = path("OVENBIRD_LAB_CNI", "ovenbird-cni")

    private static func path(_ variable: String, _ name: String) -> String {
        if let own = getenv(variable) { return String(cString: own) }
        guard let resolved = realpath("/proc/self/exe", nil) else { return name }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
    }
}

/// A pod that answers on port 8080, TCP and UDP, with its name and the address that it was asked from.
struct LabPod: Sendable {
    let name: String
    let node: String
    var annotations: [String: String] = [:]
    var labels: [String: String] = [:]
    var isEnded = false

    init(_ name: String, on node: String, _ annotations: [String: String] = [:]) {
        self.name = name
        self.node = node
        self.annotations = annotations
    }

    var manifest: String {
        func member(_ name: String, _ entries: [String: String]) -> String {
            entries.isEmpty
                ? "" : "  \(name):\n" + entries.map { "    \($0.key): '\($0.value)'\n" }.sorted().joined()
        }
        return """
            apiVersion: v1
            kind: Pod
            metadata:
              name: \(name)
              namespace: t
              uid: uid-\(name)
            \(member("annotations", annotations))\(member("labels", labels))
            \(isEnded ? "status: {phase: Succeeded}" : "")
            spec:
              nodeName: \(node)
              containers:
                - name: \(name)
                  command: [ovenbird, lab, answer, \(name), --port, "8080"]

            """
    }
}

/// Brings a lab up for a suite, and takes it down after it, whatever its tests do.
struct InLab: SuiteTrait, TestScoping {
    let name: String
    var nodes = 2
    let families: LabFamilies
    var clusterSubnets: [String] = []
    var pods = [LabPod("a1", on: "n1"), LabPod("a2", on: "n1"), LabPod("b1", on: "n2")]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        let lab = try await PacketLab.up(
            name, nodes: nodes, families: families, clusterSubnets: clusterSubnets, pods: pods)
        do {
            try await PacketLab.$current.withValue(lab, operation: body)
            for node in lab.record.nodes {
                #expect(
                    try await lab.droppedLoops(node) == "0", "packets went round too often in the switch of \(node)")
            }
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
    }
}

/// All suites with packets, one after the other: a lab wants the machine's cores for itself.
@Suite("Packets", .serialized) struct Packets {
    static func lab() throws -> PacketLab { try #require(PacketLab.current) }
}
