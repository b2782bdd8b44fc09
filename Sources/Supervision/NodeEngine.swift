import Glibc
import Linux

/// Open vSwitch and OVN of one node: which programs run, where their files are, how they find each other.
///
/// Everything is in one directory, under the names that the engine's own tools look for:
/// `OVS_RUNDIR=DIR OVN_RUNDIR=DIR ovs-vsctl show`, `ovn-nbctl --db=unix:DIR/ovnnb_db.sock show`.
public struct NodeEngine: Sendable {
    public enum Datapath: String, Sendable {
        /// Packets are forwarded by ovs-vswitchd itself; works without a kernel module.
        case userspace = "netdev"
        case kernel = "system"
    }

    public struct Configuration: Sendable {
        public var directory: String
        /// The chassis id; never changes during the life of a node.
        public var systemID: String
        public var hostname: String
        public var datapath: Datapath
        public var vswitchSchema = "/usr/share/openvswitch/vswitch.ovsschema"
        public var northboundSchema = "/usr/share/ovn/ovn-nb.ovsschema"
        public var southboundSchema = "/usr/share/ovn/ovn-sb.ovsschema"

        public init(directory: String, systemID: String, hostname: String, datapath: Datapath = .userspace) {
            self.directory = directory
            self.systemID = systemID
            self.hostname = hostname
            self.datapath = datapath
        }
    }

    public let configuration: Configuration

    public init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    private var directory: String { configuration.directory }

    /// The sockets of the three databases.
    public var vswitchSocket: String { "\(directory)/db.sock" }
    public var northboundSocket: String { "\(directory)/ovnnb_db.sock" }
    public var southboundSocket: String { "\(directory)/ovnsb_db.sock" }

    /// What the engine's tools need in their environment.
    public var environment: [String: String] {
        let names = ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVN_RUNDIR", "OVN_LOGDIR", "OVN_DBDIR"]
        return Dictionary(uniqueKeysWithValues: names.map { ($0, directory) })
    }

    /// In the order of start.
    public func services() -> [SupervisedProcess] { databases() + daemons() }

    /// What only keeps data: nothing on the machine changes when they run.
    public func databases() -> [SupervisedProcess] {
        [
            database("ovsdb-server", "conf.db", vswitchSocket, configuration.vswitchSchema, settle: introduce),
            database("ovnnb_db", "ovnnb_db.db", northboundSocket, configuration.northboundSchema) { [self] in
                try Command("ovn-nbctl", "--db=unix:\(northboundSocket)", "--timeout=10", "init").run()
            },
            // An ovn-controller that has a chassis row and finds no SB_Global row yet ends by a segmentation fault
            // (seen in 23.03.1); ovn-northd may be later than that.
            database("ovnsb_db", "ovnsb_db.db", southboundSocket, configuration.southboundSchema) { [self] in
                try Command("ovn-sbctl", "--db=unix:\(southboundSocket)", "--timeout=10", "init").run()
            },
        ]
    }

    /// What makes devices, flows and tunnels of the data.
    ///
    /// - Parameter bridge: a bridge that somebody else writes into the database. What comes after ovs-vswitchd waits for
    ///   it: an ovn-controller that does not find its bridge at once tries again only after a second.
    public func daemons(bridge: String? = nil) -> [SupervisedProcess] {
        var vswitchd = daemon(
            "ovs-vswitchd",
            [configuration.datapath == .userspace ? "--disable-system" : "--mlockall", "unix:\(vswitchSocket)"],
            stop: .command(["ovs-appctl", "-t", "ovs-vswitchd", "exit"]))
        vswitchd.readyFile = bridge.map { "\(directory)/\($0).mgmt" }
        return [
            vswitchd,
            daemon("ovn-northd", ["--ovnnb-db=unix:\(northboundSocket)", "--ovnsb-db=unix:\(southboundSocket)"]),
            // Without --restart it would take its flows and tunnels away on exit.
            daemon(
                "ovn-controller", ["unix:\(vswitchSocket)"],
                stop: .command(["ovn-appctl", "-t", "ovn-controller", "exit", "--restart"])),
        ]
    }

    private func daemon(_ name: String, _ arguments: [String], stop: SupervisedProcess.Stop = .signal(SIGTERM))
        -> SupervisedProcess
    {
        service(name, [name] + arguments, stop: stop)
    }

    private func database(
        _ name: String, _ file: String, _ socket: String, _ schema: String,
        settle: @escaping @Sendable () throws -> Void
    ) -> SupervisedProcess {
        // ovs-appctl and ovn-appctl find the switch's server by its process id, those of OVN by these names.
        let control = name == "ovsdb-server" ? [] : ["--unixctl=\(directory)/\(name).ctl"]
        let path = "\(directory)/\(file)"
        let directory = directory
        var service = service(
            name, ["ovsdb-server", path, "--remote=punix:\(socket)"] + control, stop: .signal(SIGTERM))
        service.readyFile = socket
        service.prepare = {
            try Files.makeDirectory(directory)
            if !Files.exists(path) { try Command("ovsdb-tool", "create", path, schema).run() }
        }
        service.settle = settle
        return service
    }

    private func service(_ name: String, _ arguments: [String], stop: SupervisedProcess.Stop) -> SupervisedProcess {
        let log = "\(directory)/\(name).log"
        let pidFile = "\(directory)/\(name).pid"
        var service = SupervisedProcess(
            name,
            arguments + ["--pidfile=\(pidFile)", "--log-file=\(log)", "-vconsole:off", "-vsyslog:off", "-vfile:info"],
            pidFile: pidFile, outputFile: "\(directory)/\(name).out")
        service.writesPIDFile = true
        service.environment = environment
        service.logFiles = [log]
        service.stop = stop
        return service
    }

    /// After the machine has been started anew the pods' ports are of pods that are gone.
    private func forgetTransientPorts() throws {
        let file = "\(directory)/boot_id"
        let boot = try Files.read("/proc/sys/kernel/random/boot_id")
        if Files.exists(file), (try? Files.read(file)) != boot {
            let find = ["--bare", "--columns=name", "find", "Port", "other_config:transient=true"]
            let names = try control(find).split(whereSeparator: \.isNewline).filter { !$0.isEmpty }
            // Without a command ovs-vsctl fails.
            if !names.isEmpty { try control(names.flatMap { ["--", "--if-exists", "del-port", String($0)] }) }
        }
        try Files.write(file, boot)
    }

    /// Runs ovs-vsctl without waiting for ovs-vswitchd, which may not run yet.
    @discardableResult
    private func control(_ arguments: [String]) throws -> String {
        try Command(["ovs-vsctl", "--db=unix:\(vswitchSocket)", "--timeout=10", "--retry", "--no-wait"] + arguments)
            .run()
    }

    /// Says who the node is and where its southbound database is, before ovn-controller asks.
    private func introduce() throws {
        let entries = [
            ("system-id", configuration.systemID), ("hostname", configuration.hostname),
            ("rundir", directory), ("ovn-remote", "unix:\(southboundSocket)"),
            ("ovn-bridge-datapath-type", configuration.datapath.rawValue),
        ]
        let settings = entries.map { "external_ids:\($0.0)=\"\($0.1)\"" }
        try control(["--", "init", "--", "set", "Open_vSwitch", "."] + settings)
        try forgetTransientPorts()
    }
}
