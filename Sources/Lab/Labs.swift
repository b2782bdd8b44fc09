import Glibc
import Linux
import LocalHTTP
import Model

/// The labs on this machine.
public enum Labs {
    /// What there is of one lab.
    public struct Entry: Sendable {
        public let paths: LabPaths
        public let record: LabRecord?
        /// What its supervisor says; nil when none answers.
        public let report: LabReport?
        public let namespaces: Int
        /// Bytes of all its processes together.
        public let memory: Int

        /// `ok`, `waiting`, `stopped` (its supervisor does not run), `leftovers` (a part of a lab).
        public var state: String {
            guard record != nil else { return "leftovers" }
            guard let report else { return "stopped" }
            return report.missing.isEmpty ? "ok" : "waiting"
        }
    }

    /// The names of all labs of which anything is there.
    public static func names(root: String = LabPaths.standardRoot) -> [String] {
        let directories = Files.list(root) ?? []
        let parts = NetworkNamespace.names().map { $0.split(separator: ".") }
        let prefixes = parts.filter { $0.count > 2 && $0[0] == "ovb" }.map { String($0[1]) }
        return Set(directories + prefixes).filter(LabPaths.isName).sorted()
    }

    public static func entry(_ paths: LabPaths) -> Entry {
        let record = LabRecord(paths)
        let processes = record == nil ? [] : LabProcesses(paths).find()
        return Entry(
            paths: paths, record: record, report: record == nil ? nil : try? report(paths),
            namespaces: NetworkNamespace.names().count { $0.hasPrefix(paths.namespacePrefix) },
            memory: processes.reduce(0) { $0 + LabProcesses.memory(of: $1) })
    }

    /// Asks a lab's supervisor; with `after` it waits up to five seconds for news.
    public static func report(_ paths: LabPaths) throws -> LabReport { try answer(paths, "/report").report }

    static func answer(_ paths: LabPaths, _ path: String) throws -> (report: LabReport, revision: Int) {
        let answer = try LocalHTTP(socket: paths.socket, deadlineSeconds: 10).ask("GET", path)
        let json = try JSON(parsing: answer.body)
        return (try LabReport(json), try JSONCursor(json)["revision"].integer())
    }

    /// The lab that is meant: the named one, or the only one.
    public static func pick(_ name: String?, root: String = LabPaths.standardRoot) throws(LabFailure) -> LabPaths {
        let all = names(root: root)
        if let name {
            guard all.contains(name) else {
                let hint = nearest(to: name, in: all).map { "; did you mean \($0)?" } ?? ""
                throw LabFailure("there is no lab \(name) (NotFound)\(hint)", next: "ovenbird lab list", exitCode: 1)
            }
            return LabPaths(name: name, root: root)
        }
        guard let only = all.first else {
            throw LabFailure("no lab is up (NotFound)", next: "ovenbird lab up DIR", exitCode: 1)
        }
        guard all.count == 1 else {
            throw LabFailure(
                "there are several labs: \(all.joined(separator: ", ")) (Ambiguous)", next: "name one of them",
                exitCode: 2)
        }
        return LabPaths(name: only, root: root)
    }
}
