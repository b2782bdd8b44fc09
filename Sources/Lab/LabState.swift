import Model

/// How a node of a lab is doing.
public struct NodeState: Sendable, Hashable {
    public var name: String
    /// Of the node's daemon: `running`, `waiting` to be started again.
    public var phase = "starting"
    public var pid: Int?
    public var restarts = 0
    /// It answers CNI STATUS well: pods can be attached.
    public var isReady = false
    /// What it lacks, in its own words.
    public var message = ""
}

/// How a pod of a lab is doing.
public struct PodState: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// No network yet.
        case attaching
        case running
        case stopping
    }

    public var namespace: String
    public var name: String
    public var node: String
    public var phase = Phase.attaching
    public var sandbox = ""
    public var addresses: [String] = []
    /// Why it has no network, or what its programs do.
    public var message = ""
    /// From the first ADD to its answer.
    public var attachMilliseconds: Int?
    public var restarts = 0
    public var key: String { "\(namespace)/\(name)" }
}

/// Everything that a lab's supervisor knows.
public struct LabReport: Sendable, Hashable {
    public var nodes: [NodeState] = []
    public var cluster = NodeState(name: "cluster")
    public var pods: [PodState] = []
    /// Objects in the manifests, and what is wrong with them.
    public var objects = 0
    public var problems: [String] = []
    /// The manifests have been read for the first time.
    public var isListed = false

    public init() {}

    /// What is still to come until all is well; empty when all is.
    public var missing: [String] {
        var missing = nodes.filter { !$0.isReady }.map { node in
            "node \(node.name): \(node.message.isEmpty ? node.phase : node.message)"
        }
        if cluster.phase == "waiting" { missing.append("cluster manager: \(cluster.message)") }
        if !isListed { missing.append("the manifests") }
        missing += pods.filter { $0.phase != .running }.map { pod in
            "pod \(pod.key) on \(pod.node): \(pod.message.isEmpty ? pod.phase.rawValue : pod.message)"
        }
        return missing
    }
}

/// The report as it changes, and those who wait for a change.
actor LabState {
    private(set) var report = LabReport()
    private(set) var revision = 1
    /// Report and revision of one moment.
    var json: JSON { report.json(revision: revision) }
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func update(_ change: @Sendable (inout LabReport) -> Void) {
        let old = report
        change(&report)
        guard report != old else { return }
        revision += 1
        let woken = waiters
        waiters = []
        woken.forEach { $0.resume() }
    }

    func update(node name: String, _ change: @Sendable (inout NodeState) -> Void) {
        update { report in
            if name == report.cluster.name { return change(&report.cluster) }
            guard let index = report.nodes.firstIndex(where: { $0.name == name }) else { return }
            change(&report.nodes[index])
        }
    }

    func update(pod key: String, _ change: @Sendable (inout PodState) -> Void) {
        update { report in
            guard let index = report.pods.firstIndex(where: { $0.key == key }) else { return }
            change(&report.pods[index])
        }
    }

    func pid(_ node: String) -> Int? { report.nodes.first { $0.name == node }?.pid }

    func isReady(_ node: String) -> Bool { report.nodes.first { $0.name == node }?.isReady ?? false }

    /// Returns when the revision is another one than this, when `wake` is called, or when the task is cancelled.
    func change(after seen: Int) async {
        guard revision == seen else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiters.append($0) }
        } onCancel: {
            Task { await self.wake() }
        }
    }

    /// Lets those go who have waited long enough.
    func wake() {
        let woken = waiters
        waiters = []
        woken.forEach { $0.resume() }
    }
}
