import CNI
import Core
import Feeds
import Linux
import Model

/// Follows the manifests and tells the kubelet which pods there are to be.
actor PodSource {
    private let paths: LabPaths
    private let record: LabRecord
    private let state: LabState
    private let kubelet: Kubelet
    private let endpoints: LabEndpoints
    private var pods: [ObjectID: Pod] = [:]
    private var services: [ObjectID: Model.Service] = [:]
    private var slices: [ObjectID: EndpointSlice] = [:]
    private var objects: Set<ObjectID> = []
    private var placements: Placements
    private var isListed = false

    init(_ paths: LabPaths, _ record: LabRecord, _ state: LabState, _ kubelet: Kubelet, _ endpoints: LabEndpoints) {
        self.paths = paths
        self.record = record
        self.state = state
        self.kubelet = kubelet
        self.endpoints = endpoints
        placements = Placements(record.nodes, saved: try? Files.read(paths.placements))
    }

    /// Works until the task is cancelled.
    func run() async throws {
        let feed = ManifestFeed(directories: [paths.applied, record.manifests, paths.objects])
        let (events, mailbox) = AsyncStream.makeStream(of: FeedEvent.self)
        let reading = Task {
            try await feed.run { mailbox.yield($0) }
            mailbox.finish()
        }
        await withTaskCancellationHandler {
            for await event in events { await take(event) }
        } onCancel: {
            reading.cancel()
            mailbox.finish()
        }
        try await reading.value
    }

    private func take(_ event: FeedEvent) async {
        switch event {
        case .changes(_, let changes, _):
            changes.forEach(take)
            if isListed { await pass() }
        case .listed:
            isListed = true
            await kubelet.removeLeftovers(wanted: plans())
            await pass()
        case .failed(_, let failures):
            // Kinds of modules are the daemons' affair: only they know which are in use.
            let problems = failures.filter { $0.reason != "UnknownKind" }
                .map { "\($0.source): \($0.message) (\($0.reason))" }
            await state.update { $0.problems = problems }
        }
    }

    private func take(_ change: ObjectChange) {
        switch change {
        case .put(let object):
            objects.insert(object.id)
            pods[object.id] = object as? Pod
            services[object.id] = object as? Model.Service
            slices[object.id] = object as? EndpointSlice
        case .remove(let id):
            objects.remove(id)
            pods[id] = nil
            services[id] = nil
            slices[id] = nil
        }
    }

    private func plans() -> [PodPlan] {
        pods.values.filter { !$0.isCompleted && $0.annotations[Lab.attachedByHand] == nil }.sorted { $0.id < $1.id }.map
        { pod in
            PodPlan(pod, on: placements.node(for: pod))
        }
    }

    /// Hands on what there is now.
    private func pass() async {
        let before = placements.nodes
        let plans = plans()
        if placements.nodes != before { try? AtomicFile.write(placements.text.utf8, to: paths.placements) }
        for pod in pods.values where pod.nodeName.isEmpty { place(pod) }
        let count = objects.count
        await kubelet.reconcile(plans)
        await endpoints.update(Array(pods.values), Array(services.values), Array(slices.values))
        await state.update { report in
            report.objects = count
            report.isListed = true
        }
    }

    /// Tells the daemons which node a pod is on, as the scheduler's binding does.
    private func place(_ pod: Pod) {
        guard let node = placements.nodes["\(pod.namespace)/\(pod.name)"] else { return }
        let text = ObjectOverlay(nodeName: node).text(of: pod.id)
        try? AtomicFile.write(text.utf8, to: "\(paths.status)/lab/\(ObjectOverlay.fileName(of: pod.id))")
    }
}
