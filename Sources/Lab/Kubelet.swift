import CNI
import Linux
import Model
import Supervision
import Synchronization

/// Does for the lab's pods what the kubelet and the container runtime do on a node: a namespace, ADD, the programs; at
/// the end DEL.
actor Kubelet {
    private struct Entry {
        let plan: PodPlan
        let task: Task<Void, Never>
        let isUnwanted: Flag
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    private static let starting = "starts its programs"

    private let paths: LabPaths
    private let record: LabRecord
    private let state: LabState
    private var pods: [String: Entry] = [:]

    init(_ paths: LabPaths, _ record: LabRecord, _ state: LabState) {
        self.paths = paths
        self.record = record
        self.state = state
    }

    /// Makes the pods be these.
    func reconcile(_ plans: [PodPlan]) async {
        let wanted = Dictionary(plans.map { ($0.key, $0) }) { first, _ in first }
        for (key, entry) in pods where wanted[key] != entry.plan {
            entry.isUnwanted.set()
            entry.task.cancel()
            if wanted[key] == nil { pods[key] = nil }
        }
        for plan in plans where pods[plan.key]?.plan != plan { await start(plan, after: pods[plan.key]?.task) }
    }

    private func start(_ plan: PodPlan, after old: Task<Void, Never>?) async {
        let isUnwanted = Flag()
        await state.update { report in
            report.pods.removeAll { $0.key == plan.key }
            report.pods.append(PodState(namespace: plan.namespace, name: plan.name, node: plan.node))
            report.pods.sort { $0.key < $1.key }
        }
        let task = Task {
            await old?.value
            await self.run(plan, isUnwanted)
        }
        pods[plan.key] = Entry(plan: plan, task: task, isUnwanted: isUnwanted)
    }

    /// The life of one pod. A task that is cancelled without the flag leaves everything running.
    private func run(_ plan: PodPlan, _ isUnwanted: Flag) async {
        let plugin = Plugin(paths: paths, executable: record.plugin, node: plan.node)
        var sandbox = PodSandbox(found: paths, plan, plugin)
        if let found = sandbox, !found.isCurrent {
            await remove(found)
            sandbox = nil
        }
        do {
            let current = try await attached(sandbox ?? PodSandbox(paths, plan, plugin), isUnwanted)
            sandbox = current
            try await runPrograms(current)
        } catch {
            if !Task.isCancelled { await state.update(pod: plan.key) { $0.message = "\(error)" } }
        }
        guard isUnwanted.isSet else { return }
        let last = sandbox ?? PodSandbox(found: paths, plan, plugin)
        if let last { await remove(last) }
        let isGone = pods[plan.key] == nil
        await state.update { report in if isGone { report.pods.removeAll { $0.key == plan.key } } }
        await writeHosts()
    }

    /// Makes the sandbox and attaches it, again and again until it works.
    private func attached(_ new: PodSandbox, _ isUnwanted: Flag) async throws -> PodSandbox {
        let key = new.plan.key
        var sandbox = new
        guard record.nodes.contains(sandbox.plan.node) else {
            throw CNIError(.failed, "there is no node \(sandbox.plan.node) in the lab")
        }
        var delay = Duration.milliseconds(200)
        var failure: String?
        if !sandbox.isCurrent { try await waitForNode(sandbox.plan) }
        while !sandbox.isCurrent || sandbox.plan.hostNetwork {
            let began = ContinuousClock.now
            do {
                let before = failure.map { "; the last one: \($0)" } ?? ""
                await state.update(pod: key) { $0.message = "waits for the answer to ADD\(before)" }
                let attempt = sandbox
                sandbox = try await onThread {
                    var made = attempt
                    try made.make()
                    try made.attach()
                    return made
                }
                let time = began.duration(to: .now)
                await state.update(pod: key) { $0.attachMilliseconds = Int(time / .milliseconds(1)) }
                break
            } catch {
                failure = "\(error)"
                await state.update(pod: key) { $0.message = "\(error)" }
                let failed = sandbox
                try await onThread { failed.detach() }
                try await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(5))
            }
        }
        let done = sandbox
        await state.update(pod: key) { pod in
            pod.sandbox = done.id
            pod.addresses = done.addresses
            pod.message = Self.starting
        }
        await writeHosts()
        return sandbox
    }

    /// A node that is not ready makes no pods.
    private func waitForNode(_ plan: PodPlan) async throws {
        await state.update(pod: plan.key) { $0.message = "waits for node \(plan.node)" }
        while true {
            let revision = await state.revision
            if await state.isReady(plan.node) { break }
            await state.change(after: revision)
            try Task.checkCancellation()
        }
        await state.update(pod: plan.key) { $0.message = "" }
    }

    private func runPrograms(_ sandbox: PodSandbox) async throws {
        let key = sandbox.plan.key
        let state = state
        let supervisor = try sandbox.supervisor { event in
            Task {
                await state.update(pod: key) { pod in
                    if case .ended = event { pod.restarts += 1 }
                    if case .ended = event { pod.message = "\(event)" }
                    if case .failed = event { pod.message = "\(event)" }
                }
            }
        }
        do {
            try await supervisor.run {
                Task {
                    await state.update(pod: key) { pod in
                        pod.phase = .running
                        if pod.message == Self.starting { pod.message = "" }
                    }
                }
            }
            try await Task.sleep(for: .seconds(1 << 31))
        } catch {
            if pods[key]?.isUnwanted.isSet != false { await supervisor.stop() }
            throw error
        }
    }

    private func remove(_ sandbox: PodSandbox) async {
        let key = sandbox.plan.key
        await state.update(pod: key) { $0.phase = .stopping }
        let state = state
        // Not cancelled with the pod's own task: what was made must go.
        await Task {
            // Programs of an earlier supervisor are found by their files.
            try? await sandbox.supervisor { _ in }.stop()
            for delay in [1, 2, 4, 8, 0] {
                do {
                    try await onThread { try sandbox.remove() }
                    return
                } catch {
                    await state.update(pod: key) { $0.message = "\(error)" }
                    try? await Task.sleep(for: .seconds(delay))
                }
            }
        }.value
    }

    /// Takes down the pods that an earlier supervisor made and that nobody wants any more.
    func removeLeftovers(wanted plans: [PodPlan]) async {
        let wanted = Set(plans.map { "\($0.key) \($0.node)" })
        for node in record.nodes {
            for name in Files.list(paths.pods(node)) ?? [] where name.hasSuffix(".json") {
                guard let text = try? Files.read("\(paths.pods(node))/\(name)"), let json = try? JSON(parsing: text),
                    let made = try? JSONCursor(json)["plan"].string(), let plan = try? PodPlan(text: made),
                    !wanted.contains("\(plan.key) \(plan.node)"),
                    let found = PodSandbox(
                        found: paths, plan, Plugin(paths: paths, executable: record.plugin, node: node))
                else { continue }
                await remove(found)
            }
        }
    }

    private func writeHosts() async {
        let pods = await state.report.pods
        try? HostsFiles(paths).write(pods, record)
    }
}
