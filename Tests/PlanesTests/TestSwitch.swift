import Glibc
import Linux
import LinuxTestKit
import Testing

/// An Open vSwitch of the test's own: its own namespace, database, directory; gone when the test is over.
final class TestSwitch: Sendable {
    let host: TestNamespace
    let directory: String

    init(_ name: String) throws {
        host = try TestNamespace(name)
        directory = "/tmp/\(host.name)"
        _ = try Command("rm", "-rf", directory).outcome()
        try Files.makeDirectory(directory)
        try Command("ovsdb-tool", "create", "\(directory)/conf.db", "/usr/share/openvswitch/vswitch.ovsschema").run()
        try start(
            "ovsdb-server", "\(directory)/conf.db", "--remote=punix:\(directory)/db.sock")
        try vsctl("--no-wait", "init")
        try startSwitch()
    }

    deinit {
        stop("ovs-vswitchd")
        stop("ovsdb-server")
        _ = try? Command("rm", "-r", directory).outcome()
    }

    private func start(_ program: String, _ arguments: String...) throws {
        let options = [
            "--pidfile=\(directory)/\(program).pid", "--unixctl=\(directory)/\(program).sock", "--detach",
            "--no-chdir", "--log-file=\(directory)/\(program).log", "-vconsole:off",
        ]
        try Command([program] + arguments + options, environment: environment, in: host.namespace).run()
    }

    /// The switch takes commands where the plane looks for them: `ovs-vswitchd.PID.ctl`.
    func startSwitch() throws {
        try Command(
            [
                "ovs-vswitchd", "unix:\(directory)/db.sock", "--pidfile=\(directory)/ovs-vswitchd.pid", "--detach",
                "--no-chdir", "--log-file=\(directory)/ovs-vswitchd.log", "-vconsole:off",
            ], environment: environment, in: host.namespace
        ).run()
    }

    private var environment: [String: String] {
        ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "OVS_RUNDIR": directory]
    }

    /// Ends a program of this switch by the process id in its file.
    func stop(_ program: String) {
        guard let text = try? Files.read("\(directory)/\(program).pid"), let pid = pid_t(text.filter(\.isNumber)) else {
            return
        }
        kill(pid, SIGTERM)
        // It takes its file away when it ends.
        for _ in 0..<1000 where Files.exists("\(directory)/\(program).pid") { usleep(5000) }
    }

    func restart() throws {
        stop("ovs-vswitchd")
        try startSwitch()
    }

    @discardableResult
    func vsctl(_ arguments: String...) throws -> String {
        try Command(["ovs-vsctl", "--db=unix:\(directory)/db.sock", "-t", "10"] + arguments).run()
    }

    @discardableResult
    func ofctl(_ command: String, _ bridge: String, _ arguments: String...) throws -> String {
        try Command(
            ["ovs-ofctl", "-O", "OpenFlow15", "--no-names", command, "unix:\(directory)/\(bridge).mgmt"] + arguments
        ).run()
    }

    func addBridge(_ name: String, mode: String = "secure") throws {
        try vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev", "fail-mode=\(mode)")
    }

    /// The flows of a bridge, without counters, sorted.
    func flows(_ bridge: String) throws -> [String] {
        try ofctl("--no-stats", "dump-flows", bridge)
    }

    private func ofctl(_ option: String, _ command: String, _ bridge: String) throws -> [String] {
        try Command(
            "ovs-ofctl", "-O", "OpenFlow15", option, "--no-names", command, "unix:\(directory)/\(bridge).mgmt"
        ).run().split(separator: "\n").map { $0.drop { $0 == " " } }.map(String.init).sorted()
    }
}
