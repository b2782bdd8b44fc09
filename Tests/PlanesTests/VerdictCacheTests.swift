import Linux
import OVSDB
import OVSDBTestKit
import Testing

@testable import Planes

/// A northbound database with a small policy, and a switch that has seen packets.
@Suite(.serialized, .timeLimit(.minutes(3))) struct VerdictCacheTests {
    /// A zone with a policy.
    private struct Zone {
        let zone: SwitchZone

        init(_ name: String) async throws {
            zone = try SwitchZone(name)
            // The neighbour is told and not asked for, so that nothing but one ping makes flows.
            try zone.node.host.namespace.run {
                try Command("ip", "link", "set", "br0", "up").run()
                try Command("ip", "addr", "add", "10.9.9.1/24", "dev", "br0").run()
                try Command("ip", "neigh", "add", "10.9.9.2", "lladdr", "02:00:00:00:00:02", "dev", "br0").run()
            }
            for arguments in [
                ["ls-add", "s"], ["lsp-add", "s", "old"], ["pg-add", "g", "old"], ["create", "Address_Set", "name=a"],
            ] { try zone.set(arguments) }
            let cache = VerdictCache(northbound: zone.database, ovsDirectory: zone.node.directory)
            zone.run { await cache.run() }
            try await eventually("the start is over") { try self.purges >= 1 }
        }

        func set(_ arguments: [String]) throws { try zone.set(arguments) }

        /// How often the switch was told to forget.
        var purges: Int { get throws { try zone.told("revalidator/purge").count } }

        /// Pings somebody who is not there.
        func makeFlow() async throws {
            _ = try zone.node.host.namespace.run { try Command("ping", "-c1", "-W1", "10.9.9.2").outcome() }
            #expect(try flows > 0)
        }

        var flows: Int {
            get throws {
                let text = try SwitchControl(directory: zone.node.directory).ask("dpctl/dump-flows")?.output ?? ""
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
