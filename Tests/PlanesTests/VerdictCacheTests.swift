import Linux
import OVSDB
import OVSDBTestKit
import Testing

@testable import Planes

/// A northbound database with a small policy, and a switch that has seen packets.
@Suite(.serialized, .timeLimit(.minutes(3))) struct VerdictCacheTests {
    private final class Zone {
        let northbound: DatabaseServer
        private let southbound: DatabaseServer
        private let northd: Northd
        let node: TestSwitch
        private let database: Database
        private let tasks: [Task<Void, Never>]

        init(_ name: String) async throws {
            northbound = try DatabaseServer(.northbound)
            southbound = try DatabaseServer(.southbound)
            try northbound.initialise()
            northd = try Northd(northbound: northbound, southbound: southbound)
            node = try TestSwitch(name)
            try node.addBridge("br0", mode: "standalone")
            // The neighbour is told and not asked for, so that nothing but one ping makes flows.
            try node.host.namespace.run {
                try Command("ip", "link", "set", "br0", "up").run()
                try Command("ip", "addr", "add", "10.9.9.1/24", "dev", "br0").run()
                try Command("ip", "neigh", "add", "10.9.9.2", "lladdr", "02:00:00:00:00:02", "dev", "br0").run()
            }
            _ = try SwitchControl(directory: node.directory).ask("vlog/set", "unixctl:file:dbg")
            for arguments in [
                ["ls-add", "s"], ["lsp-add", "s", "old"], ["pg-add", "g", "old"], ["create", "Address_Set", "name=a"],
            ] { try Self.set(northbound, arguments) }
            let database = Database(name: "OVN_Northbound", endpoint: northbound.endpoint)
            let cache = VerdictCache(northbound: database, ovsDirectory: node.directory)
            tasks = [Task { await database.run() }, Task { await cache.run() }]
            self.database = database
            try await eventually("the start is over") { try self.purges >= 1 }
        }

        deinit { tasks.forEach { $0.cancel() } }

        private static func set(_ server: DatabaseServer, _ arguments: [String]) throws {
            try Command(["ovn-nbctl", "--db=unix:\(server.socket)"] + arguments).run()
        }
        func set(_ arguments: [String]) throws { try Self.set(northbound, arguments) }

        /// How often the switch was told to forget, by its own log.
        var purges: Int {
            get throws {
                try Files.read("\(node.directory)/ovs-vswitchd.log").split(separator: "\n")
                    .filter { $0.contains("received request revalidator/purge") }.count
            }
        }

        /// Pings somebody who is not there.
        func makeFlow() async throws {
            _ = try node.host.namespace.run { try Command("ping", "-c1", "-W1", "10.9.9.2").outcome() }
            #expect(try flows > 0)
        }

        var flows: Int {
            get throws {
                let text = try SwitchControl(directory: node.directory).ask("dpctl/dump-flows")?.output ?? ""
                return text.split(separator: "\n").filter { $0.contains("eth_type(0x0800)") }.count
            }
        }
    }

    @Test("what the datapath remembers is gone once OVN has a changed rule in force")
    func forgets() async throws {
        let zone = try await Zone("verdicts")
        try await zone.makeFlow()
        try zone.set(["--type=port-group", "acl-add", "g", "to-lport", "1000", "ip4", "drop"])
        // The flow lives for ten seconds after its last packet.
        try await eventually("the flow is gone") { try zone.purges >= 2 && zone.flows == 0 }
    }

    @Test("it is told so for ports that were there, for rules, and for addresses that come and go")
    func reasons() async throws {
        let zone = try await Zone("reasons")
        var count = try zone.purges
        func isTold(_ what: String, _ arguments: [String]) async throws {
            try zone.set(arguments)
            count += 1
            try await eventually(what) { try zone.purges == count }
        }
        try await isTold("a port leaves its group", ["clear", "Port_Group", "g", "ports"])
        try await isTold("a port comes to a group", ["pg-set-ports", "g", "old"])
        try await isTold("a rule comes", ["--type=port-group", "acl-add", "g", "to-lport", "1000", "ip4", "drop"])
        try await isTold("an address comes", ["add", "Address_Set", "a", "addresses", #""10.0.0.1""#])
        try zone.set([
            "--id=@p", "create", "Logical_Switch_Port", "name=new", "--", "add", "Logical_Switch", "s", "ports", "@p",
            "--", "add", "Port_Group", "g", "ports", "@p",
        ])
        try zone.set(["lsp-del", "new"])
        try await isTold("an address goes", ["remove", "Address_Set", "a", "addresses", #""10.0.0.1""#])
        // Twice the pause: anything else would have been told by now.
        try await Task.sleep(for: .seconds(1))
        #expect(try zone.purges == count, "not for new ports and ports that go")
    }
}
