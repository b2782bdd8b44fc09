import Glibc
import Linux
import Supervision
import Testing

@Suite(.timeLimit(.minutes(3)), .serialized) struct NodeEngineTests {
    @Test func theEngineRunsIsRepairedAndAdopted() async throws {
        let scratch = try Scratch()
        let name = "ovbt-eng-\(getpid())"
        let namespace = try NetworkNamespace.create(name)
        defer { try? NetworkNamespace.delete(name) }
        let engine = NodeEngine(.init(directory: scratch.path, systemID: "n1", hostname: "n1"))
        let watch = Watch()
        let first = Supervisor(engine.services(), in: namespace, report: watch.take)
        var pids: [pid_t?] = []
        try await supervising(first) {
            try await use(engine, in: namespace)
            let controller = try #require(await first.states.last?.pid)
            kill(controller, SIGKILL)
            await watch.wait { events in
                if events.count >= 8, case .started("ovn-controller", _)? = events.last { true } else { false }
            }
            guard case .started("ovn-controller", _) = watch.events.last else {
                Issue.record("\(watch.events)")
                return
            }
            pids = await first.states.map(\.pid)
            #expect(pids.count == 6 && pids.allSatisfy(isAlive))
        }
        let second = Supervisor(engine.services(), in: namespace)
        try await supervising(second) {
            #expect(await second.states.map(\.pid) == pids)
            #expect(await second.states.map(\.restarts) == [0, 0, 0, 0, 0, 0])
        }
        await second.stop()
        #expect(await second.states.allSatisfy { $0.phase == .stopped })
        #expect((Files.list(scratch.path) ?? []).filter { $0.hasSuffix(".pid") }.isEmpty)
    }

    @Test func theDatabasesHaveTheirGlobalRowsBeforeAnyDaemonLooks() async throws {
        let scratch = try Scratch()
        let engine = NodeEngine(.init(directory: scratch.path, systemID: "n1", hostname: "n1"))
        let databases = Supervisor(Array(engine.services().prefix(3)))
        try await supervising(databases) {
            let south = try await Command(
                "ovn-sbctl", "--db=unix:\(engine.southboundSocket)", "--bare", "--columns=_uuid", "list", "SB_Global"
            ).run()
            let north = try await Command(
                "ovn-nbctl", "--db=unix:\(engine.northboundSocket)", "--bare", "--columns=_uuid", "list", "NB_Global"
            ).run()
            #expect(south.count > 30 && north.count > 30)
        }
        await databases.stop()
    }

    @Test func portsOfPodsThatDidNotOutliveTheMachineAreForgotten() async throws {
        let scratch = try Scratch()
        let engine = NodeEngine(.init(directory: scratch.path, systemID: "n1", hostname: "n1"))
        let switchServer = try #require(engine.services().first)
        func ports() async throws -> String {
            try await Command("ovs-vsctl", "--db=unix:\(engine.vswitchSocket)", "list-ports", "br0").run()
        }
        let first = Supervisor([switchServer])
        try await supervising(first) {
            try await Command([
                "ovs-vsctl", "--db=unix:\(engine.vswitchSocket)", "--no-wait", "add-br", "br0", "--", "add-port", "br0",
                "pod", "--", "set", "Port", "pod", "other_config:transient=true", "--", "add-port", "br0", "e0",
            ]).run()
        }
        await first.stop()
        let again = Supervisor([switchServer])
        try await supervising(again) {
            let found = try await ports()
            #expect(found == "e0\npod\n")
        }
        await again.stop()
        try Files.write("\(scratch.path)/boot_id", "another")
        let booted = Supervisor([switchServer])
        try await supervising(booted) {
            let found = try await ports()
            #expect(found == "e0\n")
        }
        await booted.stop()
        // And once more, with nothing to forget.
        try Files.write("\(scratch.path)/boot_id", "a third")
        let idle = Supervisor([switchServer])
        try await supervising(idle) {
            #expect(await idle.states.map(\.phase) == [.running])
            let noted = try Files.read("\(scratch.path)/boot_id")
            let own = try Files.read("/proc/sys/kernel/random/boot_id")
            #expect(noted == own)
        }
        await idle.stop()
    }

    @Test func aFileThatNamesAProcessOfTheSameProgramButOfSomebodyElseIsNotBelieved() async throws {
        let scratch = try Scratch()
        let engine = NodeEngine(.init(directory: scratch.path, systemID: "n1", hostname: "n1"))
        // As after a start of the machine, when the number is another program's.
        let foreign = try ChildProcess([
            "sh", "-c", "while sleep 1; do :; done", "ovsdb-server", "--pidfile=\(scratch.path)/other.pid",
        ])
        defer {
            foreign.signal(SIGKILL)
            _ = try? foreign.wait()
        }
        try Files.write("\(scratch.path)/ovsdb-server.pid", "\(foreign.pid)\n")
        let supervisor = Supervisor(Array(engine.databases().prefix(1)))
        try await supervising(supervisor) {
            let end = try foreign.wait(timeout: .zero)
            #expect(end == nil)
            let state = try #require(await supervisor.states.first)
            #expect(state.phase == .running && state.pid != foreign.pid)
        }
        await supervisor.stop()
        let end = try foreign.wait(timeout: .zero)
        #expect(end == nil)
    }

    /// The engine's own tools find everything, and a bridge comes up.
    private func use(_ engine: NodeEngine, in namespace: NetworkNamespace) async throws {
        var environment = engine.environment
        environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        func tool(_ arguments: String...) async throws -> String {
            try await Command(arguments, environment: environment, in: namespace).run()
        }
        let chassis = try await tool("ovs-vsctl", "get", "Open_vSwitch", ".", "external_ids:system-id")
        #expect(chassis == "n1\n")
        _ = try await tool(
            "ovs-vsctl", "--timeout=10", "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        #expect(try await tool("ip", "link", "show", "br0").contains("br0"))
        _ = try await tool("ovn-nbctl", "--db=unix:\(engine.northboundSocket)", "--wait=sb", "ls-add", "sw")
        #expect(try await tool("ovn-appctl", "-t", "ovn-northd", "status").contains("active"))
        #expect(try await tool("ovs-appctl", "-t", "ovs-vswitchd", "version").contains("Open vSwitch"))
    }
}
