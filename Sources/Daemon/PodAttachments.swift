import CNI
import Core
import Feeds
import Model
import Vocabulary

/// Tells the runtime when a pod's network is in force, or why it is not.
struct PodAttachments: AttachmentResolver {
    let scheduler: Scheduler
    let node: String
    let times: StartTimes

    /// Waits until OVN reports the pod's port installed and every plane has confirmed the pod's rows, the opening of its
    /// link with them.
    func ready(_ attachment: Attachment) async throws(CNIError) -> CNIResult {
        let pod = Pod.id(attachment.podNamespace, attachment.podName)
        times.begin(attachment.sandbox)
        guard await exists(pod) else { throw CNIError(.tryAgainLater, "no pod \(pod) is known here") }
        // The feed has said it, but the core may not have looked yet; after that its absence means that it was replaced.
        _ = await scheduler.first { engine, _ in
            engine.object(Attachment.self, "", attachment.name) == nil ? nil : true
        }
        let outcome = await scheduler.first { [times] engine, state in
            let progress = Progress(attachment, engine, state)
            progress.note(in: times)
            return progress.outcome
        }
        switch outcome {
        case .success(let result): return result
        case .failure(let error): throw error
        case nil:
            let missing = await scheduler.ask { Progress(attachment, $0, $1).waitsFor }
            throw CNIError(.tryAgainLater, "the network of \(pod) is not ready: waiting for \(missing)")
        }
    }

    /// The runtime may be faster than the API: a pod that is not known yet gets a second to appear.
    private func exists(_ pod: ObjectID) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await scheduler.first { engine, _ in
                    engine.object(Pod.self, pod.namespace, pod.name) == nil ? nil : true
                } ?? false
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(1))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    func check(_ attachment: Attachment) async throws(CNIError) {
        let missing = await scheduler.ask { engine, state in
            let progress = Progress(attachment, engine, state)
            if case .success = progress.outcome { return String?.none }
            return progress.waitsFor
        }
        if let missing { throw CNIError(.drifted, "the network of \(attachment.podName) lacks \(missing)") }
    }

    func status() async throws(CNIError) {
        let missing = await scheduler.ask { [node] engine, state in engine.whatIsMissing(of: node, state) }
        if let missing { throw CNIError(.unavailable, "the node's network is not ready: \(missing)") }
    }
}

/// How far the network of one attachment is.
private struct Progress {
    let attachment: Attachment
    let engine: Engine
    let state: RunState

    init(_ attachment: Attachment, _ engine: Engine, _ state: RunState) {
        self.attachment = attachment
        self.engine = engine
        self.state = state
    }

    private var pod: Pod? { engine.object(Pod.self, attachment.podNamespace, attachment.podName) }
    private var port: PodPort? { engine.object(PodPort.self, attachment.podNamespace, attachment.podName) }
    private var interface: OVSInterface? { engine.object(OVSInterface.self, "", attachment.hostInterface) }

    /// Nil while there is something to wait for.
    var outcome: Result<CNIResult, CNIError>? {
        if let error { return .failure(error) }
        guard let port, waitsFor.isEmpty else { return rejection.map { .failure($0) } }
        return .success(result(port))
    }

    /// What no waiting will mend.
    private var error: CNIError? {
        guard let pod else { return CNIError(.failed, "pod \(attachment.podName) was deleted") }
        guard engine.object(Attachment.self, "", attachment.name) != nil else {
            return CNIError(.failed, "another sandbox of \(attachment.podName) has taken its place")
        }
        if !attachment.podUID.isEmpty, !pod.uid.isEmpty, pod.uid != attachment.podUID, !pod.isStatic {
            return CNIError(
                .failed, "the runtime attaches \(pod.id) with uid \(attachment.podUID), but its uid is \(pod.uid)")
        }
        let link = RowID(PodLink.table, PodLink.key(sandbox: attachment.sandbox, interface: attachment.interface))
        return state.planes[PlaneName.host]?.refused[link].map {
            CNIError(.failed, "cannot wire \(pod.id)", details: $0)
        }
    }

    /// Notes which stages are reached.
    func note(in times: StartTimes) {
        if port != nil, engine.object(attachment.id) != nil { times.reach(.decided, attachment.sandbox) }
        guard port != nil else { return }
        if isInForce { times.reach(.wired, attachment.sandbox) }
        if let interface, interface.sandbox == attachment.sandbox, interface.installed {
            times.reach(.installed, attachment.sandbox)
        }
        if waitsFor.isEmpty { times.reach(.opened, attachment.sandbox) }
    }

    private var isInForce: Bool {
        guard let pod else { return false }
        return engine.isSettled(pod.id) && engine.isSettled(attachment.id)
    }

    /// What the user has to mend: the pod will not get its network as it is.
    private var rejection: CNIError? {
        let objects = [attachment.id, Pod.id(attachment.podNamespace, attachment.podName)]
        let problem = objects.lazy.flatMap { [state] in state.problems[$0] ?? [] }
            .first { $0.what == .rejected && $0.module == "pod-network" }
        return problem.map { problem in
            CNIError(
                .failed, "cannot attach \(attachment.podNamespace)/\(attachment.podName)",
                details: "\(problem.field.isEmpty ? "" : "\(problem.field): ")\(problem.message) (\(problem.reason))")
        }
    }

    /// In the order in which things come about.
    var waitsFor: String {
        guard let pod, let port else {
            return pod.flatMap { state.problems[$0.id]?.first }.map { "addresses: \($0.message)" } ?? "addresses"
        }
        if pod.uid.isEmpty, !attachment.podUID.isEmpty {
            return "the uid of the pod, which the runtime says is \(attachment.podUID)"
        }
        guard isInForce else { return "its rows to be in force" }
        guard port.uid == pod.uid, let interface, interface.sandbox == attachment.sandbox else { return "its port" }
        return interface.installed ? "" : "ovn-controller to install the flows of its port"
    }

    private func result(_ port: PodPort) -> CNIResult {
        CNIResult(
            interfaces: [
                .init(name: attachment.hostInterface, mac: ""),
                .init(
                    name: attachment.interface, mac: port.mac.description,
                    mtu: engine.object(ClusterNetwork.self, "", ClusterNetwork.singleton)?.mtu,
                    sandbox: attachment.netns),
            ],
            addresses: port.addresses.map { address in
                .init(address, gateway: port.gateways.first { $0.family == address.family }, interface: 1)
            },
            routes: port.gateways.map { .init(.everything($0.family), gateway: $0) })
    }
}
