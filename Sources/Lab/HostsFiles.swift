import Linux

/// The files that pods see as `/etc/hosts`: one for each namespace, in which its own pods go by their short names.
struct HostsFiles: Sendable {
    let paths: LabPaths

    init(_ paths: LabPaths) { self.paths = paths }

    func file(_ namespace: String) -> String { "\(paths.hosts)/\(namespace)" }

    /// Rewrites the files in place: they are mounted in pods.
    func write(_ pods: [PodState], _ record: LabRecord) throws {
        var known = "127.0.0.1 localhost\n::1 localhost\n"
        for family in record.families.list {
            known += "\(LabRecord.outsideAddress(family)) outside\n"
            for node in record.nodes { known += "\(record.address(of: node, family)) \(node)\n" }
        }
        for pod in pods {
            for address in pod.addresses { known += "\(address.host) \(pod.name).\(pod.namespace)\n" }
        }
        for namespace in Set(pods.map(\.namespace)) {
            var text = known
            for pod in pods where pod.namespace == namespace {
                for address in pod.addresses { text += "\(address.host) \(pod.name)\n" }
            }
            try Files.write(file(namespace), text)
        }
    }
}

extension String {
    /// The address without its prefix length.
    fileprivate var host: Substring { split(separator: "/").first ?? "" }
}
