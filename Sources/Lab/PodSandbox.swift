import CNI
import Core
import Glibc
import Linux
import Model
import Supervision

/// What the lab keeps of a pod that it has begun to make: enough to find it again, and to take it down.
struct PodSandbox: Sendable {
    let paths: LabPaths
    let plan: PodPlan
    let plugin: Plugin
    let id: String
    var addresses: [String] = []
    /// The text of the plan that it was made by.
    private var madeBy: String

    private var file: String { "\(paths.pods(plan.node))/\(plan.namespace)_\(plan.name).json" }
    private var directory: String { "\(paths.pods(plan.node))/\(plan.namespace)_\(plan.name)" }
    private var namespaceName: String { plan.hostNetwork ? paths.node(plan.node) : paths.pod(id) }

    /// A new one.
    init(_ paths: LabPaths, _ plan: PodPlan, _ plugin: Plugin) {
        self.paths = paths
        self.plan = plan
        self.plugin = plugin
        madeBy = plan.text
        var random = SystemRandomNumberGenerator()
        id = (0..<8).map { _ in
            let part = String(UInt32(truncatingIfNeeded: random.next()), radix: 16)
            return String(repeating: "0", count: 8 - part.count) + part
        }.joined()
    }

    /// The one that an earlier supervisor of the lab made; nil when there is none.
    init?(found paths: LabPaths, _ plan: PodPlan, _ plugin: Plugin) {
        self.paths = paths
        self.plan = plan
        self.plugin = plugin
        let file = "\(paths.pods(plan.node))/\(plan.namespace)_\(plan.name).json"
        guard let text = try? Files.read(file), let json = try? JSON(parsing: text) else { return nil }
        let cursor = JSONCursor(json)
        guard let id = try? cursor["sandbox"].string(), let madeBy = try? cursor["plan"].string() else { return nil }
        self.id = id
        self.madeBy = madeBy
        addresses = (try? cursor["addresses"].strings()) ?? []
    }

    /// It is complete and as the plan says.
    var isCurrent: Bool {
        madeBy == plan.text && (plan.hostNetwork || !addresses.isEmpty)
            && Files.exists("\(NetworkNamespace.directory)/\(namespaceName)")
    }

    private func save() throws {
        let json: JSON = [
            "sandbox": .string(id), "plan": .string(madeBy), "addresses": .array(addresses.map { .string($0) }),
        ]
        try AtomicFile.write(json.text(.pretty).utf8, to: file)
    }

    /// Makes the namespace; blocks. The record is there first, so that nothing is left without one.
    func make() throws {
        try Files.makeDirectory(directory)
        try save()
        guard !plan.hostNetwork, !NetworkNamespace.names().contains(namespaceName) else { return }
        try NetworkNamespace.create(namespaceName).run {
            _ = try Command("ip", "link", "set", "lo", "up").run()
        }
    }

    /// Attaches it to the network; blocks until the node daemon has answered.
    mutating func attach() throws {
        guard !plan.hostNetwork else { return }
        let result = JSONCursor(try plugin.call(.add, sandbox: id, pod: plan))
        addresses = try result["ips"].elements().map { try $0["address"].string() }
        try save()
    }

    /// Takes down everything that was made, however far that was; blocks.
    func remove() throws {
        if !plan.hostNetwork {
            _ = try plugin.call(.del, sandbox: id, pod: plan)
            try NetworkNamespace.delete(namespaceName)
        }
        try Files.remove(file)
        _ = try Command("rm", "-rf", directory).run()
    }

    /// DEL after an ADD that failed, as runtimes do; blocks.
    func detach() { if !plan.hostNetwork { _ = try? plugin.call(.del, sandbox: id, pod: plan) } }

    func supervisor(_ report: @escaping @Sendable (SupervisionEvent) -> Void) throws -> Supervisor {
        let services = plan.containers.filter { !($0.command + $0.args).isEmpty }.map(service)
        return Supervisor(services, in: try NetworkNamespace.named(namespaceName), report: report)
    }

    /// The container's program, which sees the lab's names in `/etc/hosts`.
    private func service(_ container: Pod.Container) -> SupervisedProcess {
        let hosts = HostsFiles(paths).file(plan.namespace)
        let script = #"mount --bind "$0" /etc/hosts && cd "$1" && shift && exec "$@""#
        let work = container.workingDirectory.isEmpty ? "/" : container.workingDirectory
        var service = SupervisedProcess(
            "\(plan.key)/\(container.name)",
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, hosts, work] + container.command
                + container.args,
            pidFile: "\(directory)/\(container.name).pid",
            outputFile: "\(paths.logs)/\(plan.namespace)_\(plan.name)_\(container.name).log")
        service.environment = ["HOSTNAME": plan.name, "POD_NAME": plan.name, "POD_NAMESPACE": plan.namespace]
        service.environment["PATH"] = LabRecord(paths)?.searchPath
        for variable in container.environment { service.environment[variable.name] = variable.value }
        let first = addresses.first.flatMap { $0.split(separator: "/").first }
        service.environment["POD_IP"] = first.map(String.init)
        service.grace = .seconds(1)
        return service
    }
}
