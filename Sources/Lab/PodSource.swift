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
    private var admissions: Admissions
    /// What the daemons were told of pods.
    private var told: [ObjectID: ObjectOverlay] = [:]
    private var isListed = false

    init(_ paths: LabPaths, _ record: LabRecord, _ state: LabState, _ kubelet: Kubelet, _ endpoints: LabEndpoints) {
        self.paths = paths
        self.record = record
        self.state = state
        self.kubelet = kubelet
        self.endpoints = endpoints
        admissions = Admissions(record.nodes, saved: try? Files.read(paths.admissions))
    }

    /// Works until the task is cancelled.
    func run() async throws {
        try await follow(ManifestFeed(directories: [paths.applied, record.manifests, paths.objects]))
    }

    func follow(_ feed: any Feed) async throws {
        let (events, mailbox) = AsyncStream.makeStream(of: FeedEvent.self)
        let reading = Task {
            defer { mailbox.finish() }
            try await feed.run { mailbox.yield($0) }
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
            forgetGone()
            await kubelet.removeLeftovers(wanted: plans(admitted()))
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

    /// The pods that the kubelet is to make of these.
    private func plans(_ pods: [Pod]) -> [PodPlan] {
        pods.filter { !$0.isCompleted && $0.annotations[Lab.attachedByHand] == nil }.sorted { $0.id < $1.id }
            .map { PodPlan($0, on: $0.nodeName) }
    }

    /// The pods with what their manifests do not say.
    private func admitted() -> [Pod] {
        let before = admissions
        admissions.forget(allBut: pods.values)
        let admitted = pods.values.sorted { $0.id < $1.id }.map { admissions.admit($0) }
        if admissions != before { try? AtomicFile.write(admissions.text.utf8, to: paths.admissions) }
        return admitted
    }

    /// Hands on what there is now.
    private func pass() async {
        let admitted = admitted()
        tell(admitted)
        let count = objects.count
        await kubelet.reconcile(plans(admitted))
        await endpoints.update(admitted, Array(services.values), Array(slices.values))
        await state.update { report in
            report.objects = count
            report.isListed = true
        }
    }

    /// Tells the daemons what pods have been given, as the API server does.
    private func tell(_ admitted: [Pod]) {
        var overlays: [ObjectID: ObjectOverlay] = [:]
        for pod in admitted {
            guard let own = pods[pod.id], own.nodeName.isEmpty || own.uid.isEmpty else { continue }
            overlays[pod.id] = ObjectOverlay(
                nodeName: own.nodeName.isEmpty ? pod.nodeName : nil, uid: own.uid.isEmpty ? pod.uid : nil)
        }
        for id in told.keys where overlays[id] == nil { try? Files.remove(file(about: id)) }
        for (id, overlay) in overlays where told[id] != overlay {
            try? AtomicFile.write(overlay.text(of: id).utf8, to: file(about: id))
        }
        told = overlays
    }

    /// What an earlier supervisor told of pods that are gone since.
    private func forgetGone() {
        for name in Files.list("\(paths.status)/lab") ?? [] {
            if let id = ObjectOverlay.object(ofFile: name), pods[id] == nil { try? Files.remove(file(about: id)) }
        }
    }

    private func file(about id: ObjectID) -> String { "\(paths.status)/lab/\(ObjectOverlay.fileName(of: id))" }
}
