import Foundation
import Glibc
import OVSDB

/// A real ovsdb-server with an empty database of its own, for tests.
public final class DatabaseServer: @unchecked Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case northbound = "OVN_Northbound"
        case southbound = "OVN_Southbound"
        case vswitch = "Open_vSwitch"

        var schema: String {
            switch self {
            case .northbound: "/usr/share/ovn/ovn-nb.ovsschema"
            case .southbound: "/usr/share/ovn/ovn-sb.ovsschema"
            case .vswitch: "/usr/share/openvswitch/vswitch.ovsschema"
            }
        }
    }

    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    public let kind: Kind
    public let directory: String
    private let lock = NSLock()
    private var process: pid_t?

    public var socket: String { "\(directory)/db.sock" }
    public var endpoint: Endpoint { .unix(socket) }

    /// - Parameter adapt: makes another schema of the installed one.
    public init(_ kind: Kind, schema adapt: (String) throws -> String = { $0 }) throws {
        self.kind = kind
        directory = "/tmp/ovbt-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        _ = try Self.run("/usr/bin/ovsdb-tool", ["create", "\(directory)/db", try write(adapt)])
        try start()
    }

    private func write(_ adapt: (String) throws -> String) throws -> String {
        let path = "\(directory)/schema"
        try adapt(try String(contentsOfFile: kind.schema, encoding: .utf8))
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Gives the database another schema, as an update of the engine does. The server must not be running.
    public func convert(schema adapt: (String) throws -> String) throws {
        _ = try Self.run("/usr/bin/ovsdb-tool", ["convert", "\(directory)/db", try write(adapt)])
    }

    deinit {
        stop(SIGKILL)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts the server; the time limit is for the case that the test's process dies.
    public func start(remotes: [String] = [], options: [String] = []) throws {
        let arguments =
            [
                "/usr/bin/timeout", "--signal=KILL", "300", "/usr/sbin/ovsdb-server", "--remote=punix:\(socket)",
                "--pidfile=\(directory)/pid", "--unixctl=\(directory)/ctl", "--log-file=\(directory)/log",
                "-vconsole:off",
            ] + remotes.map { "--remote=\($0)" } + options + ["\(directory)/db"]
        let pid = try spawn(arguments)
        lock.withLock { process = pid }
        let end = ContinuousClock.now + .seconds(30)
        while !isListening {
            guard ContinuousClock.now < end else { throw Failed(description: "\(socket) does not listen") }
            usleep(10_000)
        }
    }

    private var isListening: Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// Ends the server. A killed one leaves its socket behind, as a crash does.
    public func stop(_ signal: Int32 = SIGTERM) {
        lock.withLock {
            guard let process else { return }
            self.process = nil
            if let text = try? String(contentsOfFile: "\(directory)/pid", encoding: .utf8),
                let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
            {
                kill(pid, signal)
            } else {
                kill(process, SIGTERM)
            }
            var status: Int32 = 0
            waitpid(process, &status, 0)
            unlink("\(directory)/pid")
        }
    }

    /// Makes the rows that the engine's own tools make first (`NB_Global` and the like).
    public func initialise() throws {
        switch kind {
        case .northbound: _ = try tool("init")
        case .southbound: _ = try tool("init")
        case .vswitch: _ = try tool("--no-wait", "init")
        }
    }

    /// Runs `ovn-nbctl`, `ovn-sbctl` or `ovs-vsctl`; answers what it prints, without the last line end.
    @discardableResult
    public func tool(_ arguments: String...) throws -> String {
        let (path, options) =
            switch kind {
            case .northbound: ("/usr/bin/ovn-nbctl", ["--db=unix:\(socket)"])
            case .southbound: ("/usr/bin/ovn-sbctl", ["--db=unix:\(socket)"])
            case .vswitch: ("/usr/bin/ovs-vsctl", ["--db=unix:\(socket)", "--no-wait"])
            }
        // On a busy machine the tools now and then give up on a connection before they have done anything.
        for _ in 0..<4 {
            do {
                return try Self.run(path, options + arguments)
            } catch let failure as Failed where failure.description.contains("database connection failed") {
                continue
            }
        }
        return try Self.run(path, options + arguments)
    }

    /// How many transactions the server has taken that changed something: one line each in its log file.
    public func commits() throws -> Int {
        try String(contentsOfFile: "\(directory)/db", encoding: .utf8)
            .split(separator: "\n").count { $0.hasPrefix("OVSDB JSON ") }
    }

    public static func run(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(description: "\(path) \(arguments.joined(separator: " ")): \(output)")
        }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}
