import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    @Suite(
        "In a lab with IPv4 alone", .serialized, .timeLimit(.minutes(3)),
        InLab(name: "t-pk-v4-\(getpid() % 10_000)", families: .v4))
    struct OnlyV4 {
        @Test("every pair of places is as it should be")
        func matrix() async throws { try await Packets.lab().checkAllPairs() }

        @Test("there is no row, route or flow of IPv6")
        func nothingForeign() async throws {
            let lab = try Packets.lab()
            for node in lab.record.nodes {
                let rows = try await lab.northbound(node)
                #expect(rows.contains("10.244."))
                for word in ["fd00:", "fd97:", "fd98:", "fd69:", "fd30:", "::/0", "ip6"] {
                    #expect(!rows.contains(word), "\(word) in the rows of \(node)")
                }
                let flows = try await lab.flows(node)
                #expect(flows.contains("nw_src"))
                for word in ["ipv6", "icmp6", "udp6", "tcp6"] { #expect(!flows.contains(word), "\(word) in a flow") }
                let routes = try await lab.shell("node:\(node)", "ip -6 route; ip -6 addr show scope global")
                #expect(!routes.contains("fd"), "\(routes)")
                let rules = try await lab.shell("node:\(node)", "nft list ruleset")
                #expect(rules.contains("ip daddr") && !rules.contains("ip6"), "\(rules)")
            }
        }
    }

    @Suite(
        "In a lab with IPv6 alone", .serialized, .timeLimit(.minutes(3)),
        InLab(name: "t-pk-v6-\(getpid() % 10_000)", families: .v6))
    struct OnlyV6 {
        @Test("every pair of places is as it should be")
        func matrix() async throws { try await Packets.lab().checkAllPairs() }

        @Test("there is no row, route or flow of IPv4")
        func nothingForeign() async throws {
            let lab = try Packets.lab()
            for node in lab.record.nodes {
                let rows = try await lab.northbound(node)
                #expect(rows.contains("fd00:10:244"))
                for word in ["10.244.", "10.96.", "100.64.", "100.88.", "169.254.", "172.30.", "0.0.0.0", "ip4"] {
                    #expect(!rows.contains(word), "\(word) in the rows of \(node)")
                }
                let flows = try await lab.flows(node)
                #expect(flows.contains("ipv6_src"))
                for word in ["nw_src", "nw_dst", ",ip,", " ip,", "udp,", "icmp,"] {
                    #expect(!flows.contains(word), "\(word) in a flow")
                }
                #expect(try await lab.shell("node:\(node)", "ip -4 route").isEmpty)
                let rules = try await lab.shell("node:\(node)", "nft list ruleset")
                #expect(rules.contains("ip6 daddr") && !rules.contains("ip daddr"), "\(rules)")
            }
        }

        @Test("the MAC of a pod comes from the text of its address")
        func mac() async throws {
            let lab = try Packets.lab()
            let address = try await lab.address("t/a1", .v6)
            let digest = try await lab.shell("outside", "printf %s '\(address)' | sha256sum").prefix(8)
            let bytes = "\(try await lab.mac("t/a1", "eth0"))".split(separator: ":").joined()
            #expect(bytes == "0a58\(digest)")
        }
    }

    @Suite(
        "In a lab with IPv6 first", .serialized, .timeLimit(.minutes(3)),
        InLab(name: "t-pk-v64-\(getpid() % 10_000)", families: .v6v4))
    struct V6First {
        @Test("every pair of places is as it should be")
        func matrix() async throws { try await Packets.lab().checkAllPairs() }

        @Test("tunnels and addresses begin with IPv6")
        func order() async throws {
            let lab = try Packets.lab()
            for node in lab.record.nodes {
                let end = try await lab.shell(
                    "node:\(node)", "ovs-vsctl get Open_vSwitch . external_ids:ovn-encap-ip")
                let own = try await lab.address("node:\(node)", .v6)
                #expect(end.filter { $0 != "\"" && $0 != "\n" } == "\(own)")
            }
            let report = try await onThread { try Labs.report(lab.paths) }
            #expect(!report.pods.isEmpty)
            for pod in report.pods {
                let families = pod.addresses.compactMap { IPNetwork($0)?.family }
                #expect(families == [.v6, .v4], "\(pod.key)")
            }
        }
    }
}

extension PacketLab {
    fileprivate func checkAllPairs() async throws {
        let cells = try await NetworkCheck(probe, port: 8080).run()
        #expect(cells.count > 20)
        for cell in cells where !cell.isRight {
            Issue.record(
                "\(cell.kind) \(cell.from) to \(cell.to) over \(cell.family): expected \(cell.isExpected), \(cell.detail)"
            )
        }
    }

    fileprivate func northbound(_ node: String) async throws -> String {
        try await shell("node:\(node)", #"ovsdb-client -f csv dump "$OVN_NB_DB" OVN_Northbound"#)
    }

    /// The flows of the node's own bridge.
    fileprivate func flows(_ node: String) async throws -> String {
        try await shell("node:\(node)", "ovs-ofctl dump-flows bre0")
    }
}
