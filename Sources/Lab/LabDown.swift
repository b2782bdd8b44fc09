import Linux

/// Takes a lab away: processes, namespaces, files. Works by what is there, so also after everything was killed.
public struct LabDown: Sendable {
    public struct Removed: Sendable, Hashable {
        public var nodes = 0
        public var pods = 0
        public var namespaces = 0
        public var processes = 0
    }

    let paths: LabPaths

    public init(_ paths: LabPaths) { self.paths = paths }

    /// Blocks.
    public func run() throws -> Removed {
        var removed = Removed()
        removed.nodes = LabRecord(paths)?.nodes.count ?? 0
        removed.processes = try LabProcesses(paths).end()
        let names = NetworkNamespace.names().filter { $0.hasPrefix(paths.namespacePrefix) }
        removed.pods = names.count { $0.hasPrefix(paths.namespacePrefix + "pod.") }
        removed.namespaces = names.count
        for name in names { try NetworkNamespace.delete(name) }
        try Command("rm", "-rf", paths.directory).run()
        let left = NetworkNamespace.names().filter { $0.hasPrefix(paths.namespacePrefix) }
        guard left.isEmpty, !Files.exists(paths.directory) else {
            throw LabFailure(
                "something of lab \(paths.name) is left (Leftovers)", because: left.joined(separator: " "),
                next: "ovenbird lab down \(paths.name)")
        }
        return removed
    }
}
