import Glibc
import Linux
import Supervision

/// Runs a command where a pod or a node of a lab is; the command takes the place of this process.
public struct LabExec: Sendable {
    let paths: LabPaths
    let record: LabRecord

    public init(_ paths: LabPaths, _ record: LabRecord) {
        self.paths = paths
        self.record = record
    }

    /// `NS/POD`, `node:NAME` or `outside`. Comes back only when it fails.
    public func run(_ target: String, _ command: [String]) throws -> Never {
        let place = try place(of: target)
        for (name, value) in place.environment { setenv(name, value, 1) }
        var arguments = command
        if let hosts = place.hosts, Files.exists(hosts) {
            let script = #"mount --bind "$0" /etc/hosts && exec "$@""#
            arguments = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, hosts] + command
        }
        try NetworkNamespace.named(place.namespace).enter()
        var pointers = arguments.map { strdup($0) } + [nil]
        execvp(arguments[0], &pointers)
        throw LabFailure(
            "cannot run \(command[0]) (\(SystemError.text(of: errno)))", next: "programs come from this machine",
            exitCode: errno == ENOENT ? 127 : 126)
    }

    struct Place {
        var namespace: String
        var hosts: String?
        var environment: [String: String] = [:]

        /// What a command line begins with, so that its program has the environment.
        var prefix: [String] { ["env"] + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
    }

    func place(of target: String) throws -> Place {
        var place = try bare(target)
        place.environment["PATH"] = record.searchPath
        return place
    }

    private func bare(_ target: String) throws -> Place {
        if target == "outside" { return Place(namespace: paths.outside) }
        if target.hasPrefix("node:") { return try node(String(target.dropFirst(5))) }
        let parts = target.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw LabFailure("\(target) is neither NS/POD nor node:NAME nor outside (BadTarget)", exitCode: 2)
        }
        let report = try report()
        guard let pod = report.pods.first(where: { $0.key == target }) else {
            let hint = nearestPod(target, report).map { "; did you mean \($0)?" } ?? ""
            throw LabFailure(
                "no pod \(parts[1]) in \(parts[0]) (NotFound)\(hint)", next: "ovenbird lab status \(paths.name)",
                exitCode: 1)
        }
        guard pod.phase == .running else {
            throw LabFailure(
                "pod \(pod.key) has no network yet (\(pod.phase.rawValue))",
                because: pod.message.isEmpty ? nil : pod.message, next: "ovenbird explain pod \(pod.key)")
        }
        let namespace = pod.addresses.isEmpty ? paths.node(pod.node) : paths.pod(pod.sandbox)
        return Place(
            namespace: namespace, hosts: HostsFiles(paths).file(pod.namespace),
            environment: ["HOSTNAME": pod.name, "POD_NAME": pod.name, "POD_NAMESPACE": pod.namespace])
    }

    /// On a node the engine's own tools find the node's engine.
    private func node(_ name: String) throws -> Place {
        guard record.nodes.contains(name) else {
            throw LabFailure(
                "no node \(name) in lab \(paths.name) (NotFound); it has \(record.nodes.joined(separator: ", "))",
                exitCode: 1)
        }
        let engine = NodeEngine(
            .init(directory: paths.engineDirectory(name), systemID: name, hostname: name))
        var environment = engine.environment
        environment["OVN_NB_DB"] = "unix:\(engine.northboundSocket)"
        environment["OVN_SB_DB"] = "unix:\(engine.southboundSocket)"
        return Place(namespace: paths.node(name), environment: environment)
    }

    private func report() throws -> LabReport {
        do { return try Labs.report(paths) } catch {
            throw LabFailure(
                "the supervisor of lab \(paths.name) does not answer (Unreachable)", because: "\(error)",
                next: "ovenbird lab list")
        }
    }

    private func nearestPod(_ target: String, _ report: LabReport) -> String? {
        report.pods.map(\.key).min { distance($0, target) < distance($1, target) }
    }

    private func distance(_ a: String, _ b: String) -> Int {
        a.count + b.count - 2 * zip(a, b).prefix { $0 == $1 }.count
    }
}
