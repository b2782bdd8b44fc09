import CNI
import Core
import Feeds
import Glibc
import Linux
import Model
import Synchronization

@testable import Lab

/// Says that every pod's network is ready, unless it is told not to.
final class Wiring: AttachmentResolver {
    private let refusal = Mutex<CNIError?>(nil)

    func refuse(_ error: CNIError?) { refusal.withLock { $0 = error } }

    func ready(_ attachment: Attachment) async throws(CNIError) -> CNIResult {
        if let error = refusal.withLock({ $0 }) { throw error }
        guard let address = IPNetwork("10.244.1.5/24") else { throw CNIError(.failed, "no address") }
        return CNIResult(
            interfaces: [.init(name: "eth0", mac: "0a:58:0a:f4:01:05", sandbox: attachment.netns)],
            addresses: [.init(address, gateway: nil, interface: 0)])
    }

    func check(_ attachment: Attachment) async throws(CNIError) {}
    func status() async throws(CNIError) {}
}

/// A lab whose daemons do nothing: the CNI servers of its nodes run in the test. Gone with its owner.
final class Stage: Sendable {
    let paths: LabPaths
    let record: LabRecord
    let manifests: String
    let wiring = Wiring()
    private let servers: [Task<Void, any Error>]

    static let root = "/tmp/ovbt-labs-\(getpid())"

    /// The executables of this build are where the test's own is.
    static let plugin: String = {
        let path = realpath("/proc/self/exe", nil).map { String(cString: $0) } ?? ""
        return path.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/ovenbird-cni"
    }()

    init(_ name: String, nodes: Int = 2, families: LabFamilies = .v4v6) throws {
        paths = LabPaths(name: name, root: Self.root)
        manifests = "/tmp/ovbt-manifests-\(getpid())-\(name)"
        try Files.makeDirectory(manifests)
        // What the lab adds to the command are the script's own arguments.
        record = LabRecord(
            name: name, manifests: manifests, nodes: nodes, families: families,
            daemon: ["sh", "-c", "exec sleep 1000"], plugin: Self.plugin, began: 1)
        try Files.makeDirectory(paths.directory)
        try record.save(paths)
        try Underlay(paths: paths, record: record).make()
        try NodeFiles(paths: paths, record: record).write()
        servers = Self.serve(paths, record, wiring)
    }

    private static func serve(_ paths: LabPaths, _ record: LabRecord, _ wiring: Wiring) -> [Task<Void, any Error>] {
        record.nodes.map { node in
            let directory = paths.runDirectory(node)
            return Task {
                try await CNIFeed(
                    socket: paths.cniSocket(node), stateDirectory: "\(directory)/attachments", resolver: wiring
                ).run { _ in }
            }
        }
    }

    deinit {
        servers.forEach { $0.cancel() }
        _ = try? LabDown(paths).run()
        _ = try? Command("rm", "-rf", manifests).run()
        rmdir(Self.root)
    }

    func write(_ pods: String...) throws {
        try AtomicFile.write(pods.joined(separator: "---\n").utf8, to: "\(manifests)/pods.yaml")
    }

    static func pod(_ name: String, node: String? = nil, run: String = "exec sleep 1000", label: String = "x") -> String
    {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: shop, labels: {app: \(label)}}
        spec:
        \(node.map { "  nodeName: \($0)" } ?? "")
          containers:
            - {name: main, image: none, command: [sh, -c, "\(run)"]}

        """
    }

    /// Runs the lab's supervisor while the body runs; everything goes on when it has ended.
    func running(_ body: () async throws -> Void) async throws {
        let runner = Task { try await LabRunner(paths, record).run() }
        do { try await body() } catch {
            runner.cancel()
            _ = await runner.result
            throw error
        }
        runner.cancel()
        _ = await runner.result
    }

    /// The first report for which this holds.
    func report(where holds: (LabReport) -> Bool) async throws -> LabReport {
        let paths = paths
        var seen = 0
        while true {
            let revision = seen
            let answer = try? await onThread { try Labs.answer(paths, "/report?after=\(revision)") }
            guard let answer else {
                // The supervisor has not begun to listen.
                try await Task.sleep(for: .milliseconds(10))
                continue
            }
            if holds(answer.report) { return answer.report }
            seen = answer.revision
        }
    }

    func complete(pods: Int) async throws -> LabReport {
        try await report { $0.missing.isEmpty && $0.pods.count == pods }
    }

    var podNamespaces: [String] {
        NetworkNamespace.names().filter { $0.hasPrefix(paths.namespacePrefix + "pod.") }
    }
}
