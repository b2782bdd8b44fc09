import Glibc
import Linux
import LocalHTTP
import Model
import Testing

@testable import Lab

extension RealLab {
    /// A daemon's own view: `n1`, or `cluster`.
    func daemon(_ name: String) -> DaemonView {
        let directory = name == "cluster" ? paths.clusterDirectory : paths.runDirectory(name)
        let note = name == "cluster" ? paths.clusterDirectory : paths.nodeDirectory(name)
        return DaemonView(name: name, socket: "\(directory)/control.sock", note: "\(note)/ovenbird.pid")
    }

    var daemons: [DaemonView] { (probe.record.nodes + ["cluster"]).map(daemon) }

    /// Waits until every daemon is healthy and all that they want is in force.
    func healthy(within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation) async throws
    {
        for daemon in daemons {
            try await until("\(daemon.name) is healthy", within: limit, sourceLocation: sourceLocation) {
                let problem = try await daemon.problem()
                if let problem { throw Words(problem) }
                return true
            }
        }
    }

    /// Waits until a comparison of everything finds nothing to do.
    func settled(within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation) async throws
    {
        try await healthy(within: limit, sourceLocation: sourceLocation)
        try await until("all is in force", within: limit, sourceLocation: sourceLocation) {
            for daemon in daemons {
                for plane in try await daemon.audit() where !plane.answered || plane.writes > 0 {
                    throw Words("\(daemon.name) \(plane.name): \(plane.writes) writes, \(plane.differences)")
                }
            }
            return true
        }
    }

    /// Compares everything that is there with everything that is wanted, row by row, on all nodes.
    func expectClean(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for daemon in daemons {
            for plane in try await daemon.audit() {
                #expect(
                    plane.differences.isEmpty && plane.writes == 0 && plane.answered,
                    "\(daemon.name) \(plane.name): \(plane.writes) writes, \(plane.differences)",
                    sourceLocation: sourceLocation)
            }
        }
    }
}

/// Words that make an error.
struct Words: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What a daemon says about itself over its control socket.
struct DaemonView: Sendable {
    let name: String
    let socket: String
    /// Where its starter noted its process.
    let note: String

    struct Plane {
        let name: String
        let answered: Bool
        let writes: Int
        let differences: [String]
    }

    func ask(_ method: String, _ path: String) async throws -> JSON {
        let socket = socket
        let answer = try await onThread { try LocalHTTP(socket: socket, deadlineSeconds: 10).ask(method, path) }
        guard answer.status == 200 else { throw Words("\(name): \(answer.text)") }
        return try JSON(parsing: answer.body)
    }

    func status() async throws -> JSONCursor { JSONCursor(try await ask("GET", "/status")) }

    /// The first thing that is wrong; nil when nothing is.
    func problem() async throws -> String? {
        let status = try await status()
        for process in try status["processes"].elements() where try process["phase"].string() != "running" {
            return "\(try process["name"].string()) does not run"
        }
        let pods = status["pods"]
        if try pods["total"].integer() != pods["settled"].integer() { return "not all pods are settled" }
        return try status["healthy"].boolean() ? nil : "\(status.value?.text() ?? "no status")"
    }

    func audit() async throws -> [Plane] {
        try JSONCursor(try await ask("POST", "/audit"))["planes"].elements().map { plane in
            Plane(
                name: try plane["name"].string(), answered: try plane["answered"].boolean(),
                writes: try plane["writes"].integer(), differences: try plane["differences"].strings())
        }
    }

    /// What each plane has written since the daemon started.
    func writes() async throws -> [String: Int] {
        let planes = try await status()["planes"].elements()
        return Dictionary(
            uniqueKeysWithValues: try planes.map { (try $0["name"].string(), try $0["writes"].integer()) })
    }

    /// Its process.
    var pid: pid_t {
        get throws { try Self.pid(in: note) }
    }

    /// The number on the first line of a file.
    static func pid(in file: String) throws -> pid_t {
        let first = try Files.read(file).split(separator: "\n").first ?? ""
        return try #require(pid_t(first), "\(file) names no process")
    }
}
