import Linux
import Model
import Testing

@testable import Lab

extension Packets.DualStack {
    @Test("told to translate its own pods one by one, a node does so, and goes back")
    func onePodAtATime() async throws {
        let lab = try Packets.lab()
        let own = try [Family.v4, .v6].map { family in try lab.probe.addresses(of: "t/a1").first { $0.family == family }
        }
        let addresses = try own.map { try #require($0).description }
        func translated() async throws -> Set<String> {
            let list = try await lab.shell("node:n1", "ovn-nbctl --bare --columns=logical_ip list NAT")
            return Set(list.split(separator: "\n").map(String.init))
        }
        let ranges = try await translated().filter { $0.hasSuffix("/16") || $0.hasSuffix("/48") }
        #expect(ranges.count == 2, "\(ranges)")
        try await lab.restart("n1", with: "disable-snat-multiple-gws=true")
        let isSingle = try await eventually(within: .seconds(5)) {
            let now = try await translated()
            return now.isSuperset(of: addresses) && now.isDisjoint(with: ranges)
        }
        #expect(isSingle)
        for family in lab.families {
            let outside = try await lab.address("outside", family)
            let node = try await lab.address("node:n1", family)
            let answer = try await lab.answering("outside", 18_091, as: "outside") {
                try await lab.asks("t/a1", outside, port: 18_091)
            }
            #expect(answer?.asker == node, "\(family)")
        }
        try await lab.restart("n1", with: "")
        let isBack = try await eventually(within: .seconds(5)) {
            let now = try await translated()
            return now.isSuperset(of: ranges) && now.isDisjoint(with: addresses)
        }
        #expect(isBack)
    }

    @Test("told to forward nothing, a host is no router for others, and pods reach all they did")
    func noForwarding() async throws {
        let lab = try Packets.lab()
        let node = try await lab.address("node:n2", .v4)
        // A network behind the node, for which others would use it as a router.
        try await lab.shell(
            "node:n2",
            "ip link add fw0 type veth peer name fw1; ip link set fw0 up; ip link set fw1 up; "
                + "ip route add 198.51.100.0/24 dev fw0; "
                + "ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev fw0 nud permanent")
        try await lab.shell("outside", "ip route add 198.51.100.0/24 via \(node)")
        func isForwarded() async throws -> Bool {
            let capture = try await Capture.start(lab, "node:n2", "fw1", "icmp")
            try await lab.shell("outside", "ping -n -q -c 2 -i 0.05 -W 0.2 198.51.100.9 >/dev/null || true")
            // The end of what is captured: the node's own.
            try await lab.shell("node:n2", "ping -n -q -c 1 -s 77 -W 0.2 198.51.100.9 >/dev/null || true")
            return try await capture.lines(upTo: "length 85").contains { $0.contains("length 64") }
        }
        #expect(try await isForwarded())
        try await lab.restart("n2", with: "disable-forwarding=true")
        let isClosed = try await eventually(within: .seconds(5)) {
            try await lab.shell("node:n2", "nft list table inet ovenbird").contains("chain through-gateway")
        }
        #expect(isClosed)
        #expect(try await !isForwarded())
        for family in lab.families {
            #expect(try await lab.pings("t/b1", lab.address("outside", family)), "\(family)")
            #expect(try await lab.pings("t/b1", lab.address("t/a1", family)), "\(family)")
            #expect(try await lab.pings("node:n2", lab.address("outside", family)), "\(family)")
        }
        try await lab.restart("n2", with: "")
        let isOpen = try await eventually(within: .seconds(5)) {
            try await !lab.shell("node:n2", "nft list table inet ovenbird").contains("chain through-gateway")
        }
        #expect(isOpen)
        #expect(try await isForwarded())
        try await lab.shell("outside", "ip route del 198.51.100.0/24")
        try await lab.shell("node:n2", "ip link del fw0")
    }
}

extension PacketLab {
    /// Sets `disable-` something in a node's configuration, and nothing else of the kind, and starts its daemon anew.
    fileprivate func restart(_ node: String, with line: String) async throws {
        let file = paths.configuration(node)
        let kept = try Files.read(file).split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("disable-") }.joined(separator: "\n")
        let text = line.isEmpty ? kept : kept.replacing("[gateway]\n", with: "[gateway]\n\(line)\n")
        try #require(line.isEmpty || text != kept)
        try Files.write(file, text)
        try await restartDaemon(node)
    }
}
