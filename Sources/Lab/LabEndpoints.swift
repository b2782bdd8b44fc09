import CNI
import Core
import Linux
import Model

/// Does what the cluster's controllers do for services: an `EndpointSlice` per family of each service that selects
/// pods, with the addresses of those that run.
///
/// A service for which the manifests have slices of their own is left alone.
actor LabEndpoints {
    private static let prefix = "endpoints-"
    private let paths: LabPaths
    private let record: LabRecord
    private let state: LabState
    private var pods: [Pod] = []
    private var services: [Model.Service] = []
    private var isListed = false

    init(_ paths: LabPaths, _ record: LabRecord, _ state: LabState) {
        self.paths = paths
        self.record = record
        self.state = state
    }

    func update(_ pods: [Pod], _ services: [Model.Service], _ slices: [EndpointSlice]) async {
        let served = Set(
            slices.filter { !$0.name.hasPrefix(Self.prefix) }.map {
                "\($0.namespace)/\($0.labels[EndpointSlice.serviceLabel] ?? "")"
            })
        self.pods = pods
        self.services = services.filter { !$0.selector.isEmpty && !served.contains("\($0.namespace)/\($0.name)") }
        isListed = true
        await write()
    }

    /// Works until the task is cancelled.
    func run() async throws {
        while !Task.isCancelled {
            let seen = await state.revision
            if isListed { await write() }
            await state.change(after: seen)
        }
    }

    private func write() async {
        let report = await state.report
        var files: [String: String] = [:]
        for service in services {
            // As the cluster does: of the families that the service has addresses of; a headless one of all.
            let own = Set(service.clusterIPs.compactMap { IPAddress($0)?.family })
            for family in record.families.list where own.isEmpty || own.contains(family) {
                let name = "\(Self.prefix)\(service.name)-v\(family.rawValue)"
                files["\(service.namespace).\(name).json"] = slice(service, family, name, report).text(.pretty)
            }
        }
        for file in Files.list(paths.objects) ?? [] where file.contains(".\(Self.prefix)") && files[file] == nil {
            try? Files.remove("\(paths.objects)/\(file)")
        }
        for (file, text) in files where (try? Files.read("\(paths.objects)/\(file)")) != text {
            try? AtomicFile.write(text.utf8, to: "\(paths.objects)/\(file)")
        }
    }

    private func slice(_ service: Model.Service, _ family: Family, _ name: String, _ report: LabReport) -> JSON {
        let matching = pods.filter { pod in
            pod.namespace == service.namespace && service.selector.allSatisfy { pod.labels[$0.key] == $0.value }
        }.sorted { $0.name < $1.name }
        let endpoints = matching.compactMap { pod -> JSON? in
            guard let running = report.pods.first(where: { $0.key == "\(pod.namespace)/\(pod.name)" }) else {
                return nil
            }
            let own =
                pod.hostNetwork
                ? [record.address(of: running.node, family)]
                : running.addresses.compactMap { $0.split(separator: "/").first.map(String.init) }
            guard let address = own.compactMap({ IPAddress($0) }).first(where: { $0.family == family }) else {
                return nil
            }
            let isReady = running.phase == .running
            return [
                "addresses": [.string(address.description)], "nodeName": .string(running.node),
                "conditions": [
                    "ready": .boolean(isReady), "serving": .boolean(isReady), "terminating": .boolean(false),
                ],
                "targetRef": ["kind": "Pod", "name": .string(pod.name), "namespace": .string(pod.namespace)],
            ]
        }
        let ports = service.ports.map { port -> JSON in
            let named = matching.lazy.flatMap(\.containers).flatMap(\.ports).first { $0.name == port.target }
            let number = port.target.isEmpty ? port.port : Int(port.target) ?? named?.number ?? port.port
            return ["name": .string(port.name), "protocol": .string(port.transport), "port": .integer(number)]
        }
        return [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "name": .string(name), "namespace": .string(service.namespace),
                "labels": [EndpointSlice.serviceLabel: .string(service.name)],
            ],
            "addressType": .string(family.description), "endpoints": .array(endpoints), "ports": .array(ports),
        ]
    }
}
