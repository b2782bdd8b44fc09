import CNI
import Control
import Glibc
import Linux
import Model
import Supervision

/// The lab's own supervisor (`ovenbird lab run`): keeps the daemons running and the pods as the manifests say.
///
/// When it ends, whatever the reason, everything goes on running; a new one finds it.
public struct LabRunner: Sendable {
    let paths: LabPaths
    let record: LabRecord
    private let state = LabState()

    public init(_ paths: LabPaths, _ record: LabRecord) {
        self.paths = paths
        self.record = record
    }

    /// Works until the task is cancelled.
    public func run() async throws {
        let nodes = record.nodes
        await state.update { $0.nodes = nodes.map { NodeState(name: $0) } }
        try Files.write(paths.pidFile, "\(getpid())\n")
        let kubelet = Kubelet(paths, record, state)
        let endpoints = LabEndpoints(paths, record, state)
        let pods = PodSource(paths, record, state, kubelet, endpoints)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve() }
            for node in record.nodes {
                group.addTask { try await supervise(node) }
                group.addTask { try await probe(node) }
            }
            group.addTask { try await supervise(nil) }
            group.addTask { try await pods.run() }
            group.addTask { try await endpoints.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Keeps a node's daemon running, or the cluster manager.
    private func supervise(_ node: String?) async throws {
        let files = NodeFiles(paths: paths, record: record)
        let name = node ?? "cluster"
        let directory = node.map(paths.nodeDirectory) ?? paths.clusterDirectory
        let service = SupervisedProcess(
            name, node.map(files.nodeCommand) ?? files.clusterCommand(), pidFile: "\(directory)/ovenbird.pid",
            outputFile: "\(paths.logs)/\(name).log")
        let namespace = try NetworkNamespace.named(node.map(paths.node) ?? paths.network)
        let state = state
        let (events, mailbox) = AsyncStream.makeStream(of: SupervisionEvent.self)
        let noting = Task {
            for await event in events {
                await state.update(node: name) { note(event, &$0) }
            }
        }
        defer { noting.cancel() }
        try await Supervisor([service], in: namespace) { mailbox.yield($0) }.run()
    }

    private func note(_ event: SupervisionEvent, _ node: inout NodeState) {
        switch event {
        case .started(_, let pid), .adopted(_, let pid):
            node.phase = "running"
            node.pid = Int(pid)
            node.message = node.name == "cluster" ? "" : "its daemon has just been started"
        case .ended(_, let reason), .failed(_, let reason):
            node.phase = "waiting"
            node.pid = nil
            node.restarts += 1
            node.isReady = false
            node.message = "its daemon ended: \(reason); see \(paths.logs)/\(node.name).log"
        case .stopped:
            node.phase = "stopped"
        }
    }

    /// Asks the node, as a runtime does, whether pods can be attached.
    private func probe(_ node: String) async throws {
        let plugin = Plugin(paths: paths, executable: record.plugin, node: node)
        while true {
            let isReady: Bool
            // An answer of a daemon that has ended meanwhile says nothing of the next one.
            let pid = await state.pid(node)
            do {
                try await onThread { _ = try plugin.call(.status) }
                await state.update(node: node) { node in
                    guard node.pid == pid else { return }
                    node.isReady = true
                    node.message = ""
                }
                isReady = await state.isReady(node)
            } catch {
                let words = (error as? CNIError).map { $0.details.isEmpty ? $0.message : $0.details } ?? "\(error)"
                await state.update(node: node) { node in
                    node.isReady = false
                    if node.phase == "running" { node.message = words }
                }
                isReady = false
            }
            // A ready node is asked again after five seconds, or when its daemon has been started anew.
            for _ in 0..<(isReady ? 20 : 1) {
                try await Task.sleep(for: isReady ? .milliseconds(250) : .milliseconds(100))
                if await !state.isReady(node) { break }
            }
        }
    }

    /// Answers commands: `GET /report?after=REVISION` waits up to five seconds for a newer report.
    private func serve() async throws {
        let state = state
        let server = LocalServer(socket: paths.socket) { request in
            guard request.path == "/report" else { return .init(404, #"{"message":"only /report is served here"}"#) }
            if let seen = request.query["after"].flatMap(Int.init) {
                let limit = Task {
                    try await Task.sleep(for: .seconds(5))
                    await state.wake()
                }
                await state.change(after: seen)
                limit.cancel()
            }
            return .init(200, await state.json.text())
        }
        try await server.run()
    }
}
