import Foundation
import Glibc

/// A real ovn-northd between two servers.
public final class Northd: @unchecked Sendable {
    private let process: pid_t
    private let directory: String

    public init(northbound: DatabaseServer, southbound: DatabaseServer) throws {
        directory = northbound.directory
        process = try spawn([
            "/usr/bin/timeout", "--signal=KILL", "300", "/usr/bin/ovn-northd", "--ovnnb-db=unix:\(northbound.socket)",
            "--ovnsb-db=unix:\(southbound.socket)", "--pidfile=\(directory)/northd.pid",
            "--unixctl=\(directory)/northd.ctl", "-vconsole:off",
        ])
    }

    deinit {
        // The pid file comes once it runs; without one only the timer is there to end.
        let text = try? String(contentsOfFile: "\(directory)/northd.pid", encoding: .utf8)
        kill(text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
