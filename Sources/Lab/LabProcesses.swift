import Glibc
import Linux

/// Finds the processes of a lab: those in its namespaces, and those with its directory in their arguments.
struct LabProcesses {
    let paths: LabPaths

    init(_ paths: LabPaths) { self.paths = paths }

    /// All of them but the caller.
    func find() -> [pid_t] {
        let namespaces = Set(
            NetworkNamespace.names().filter { $0.hasPrefix(paths.namespacePrefix) }
                .compactMap { Self.inode("\(NetworkNamespace.directory)/\($0)") })
        return (Files.list("/proc") ?? []).compactMap { pid_t($0) }.filter { pid in
            pid != getpid() && (isInside(pid, namespaces) || names(pid))
        }
    }

    private func isInside(_ pid: pid_t, _ namespaces: Set<UInt64>) -> Bool {
        Self.inode("/proc/\(pid)/ns/net").map(namespaces.contains) ?? false
    }

    /// Whether one of its arguments is a path in the lab's directory, or it is the lab's supervisor.
    private func names(_ pid: pid_t) -> Bool {
        guard let line = try? Files.read("/proc/\(pid)/cmdline") else { return false }
        let arguments = line.split(separator: "\0")
        if Array(arguments.suffix(3)) == ["lab", "run", paths.name[...]] { return true }
        return arguments.contains { $0.contains("\(paths.directory)/") } && arguments.contains { !$0.hasPrefix("-") }
            && isOurs(arguments)
    }

    /// A user's own editor or `tail` on a log of the lab is not a part of it.
    private func isOurs(_ arguments: [Substring]) -> Bool {
        let program = arguments.first?.split(separator: "/").last ?? ""
        return ["ovsdb-server", "ovs-vswitchd", "ovn-northd", "ovn-controller"].contains(program)
            || arguments.contains("--status-dir")
    }

    private static func inode(_ path: String) -> UInt64? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    static func memory(of pid: pid_t) -> Int {
        guard let text = try? Files.read("/proc/\(pid)/statm") else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Ends them all: asks, waits a moment, kills. Blocks. Returns how many there were.
    func end() throws -> Int {
        let all = find()
        // The supervisor first, so that it starts nothing again.
        let first = (try? Files.read(paths.pidFile)).flatMap { pid_t($0.filter(\.isNumber)) }
        for pid in all.sorted(by: { a, _ in a == first }) { kill(pid, pid == first ? SIGKILL : SIGTERM) }
        let end = ContinuousClock.now + .milliseconds(700)
        while !find().isEmpty, ContinuousClock.now < end { usleep(20_000) }
        for _ in 0..<100 {
            let rest = find()
            if rest.isEmpty { return all.count }
            rest.forEach { kill($0, SIGKILL) }
            usleep(20_000)
        }
        throw LabFailure(
            "processes of lab \(paths.name) do not end (StillRunning)",
            because: find().map { "\($0)" }.joined(separator: " "), next: "ovenbird lab down \(paths.name)")
    }
}
