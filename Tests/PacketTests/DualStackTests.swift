import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    @Suite("In a lab of two nodes with both families", .serialized, .timeLimit(.minutes(3)), InLab.dualStack)
    struct DualStack {}
}

extension Trait where Self == InLab {
    static var dualStack: InLab { InLab(name: "t-pk-dual-\(getpid() % 10_000)", families: .v4v6) }
}

extension Packets.DualStack {
    /// On one node, across two, and back.
    private static let pairs = [("t/a1", "t/a2"), ("t/a1", "t/b1"), ("t/b1", "t/a2")]

    @Test("pods reach each other by ping, TCP and UDP, on a node and across nodes, with their own addresses")
    func podToPod() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            for (from, to) in Self.pairs {
                let target = try await lab.address(to, family)
                let own = try await lab.address(from, family)
                #expect(try await lab.pings(from, target), "ping \(from) \(to) \(family)")
                let tcp = try await lab.asks(from, target)
                #expect(tcp?.asker == own && tcp?.name == String(to.dropFirst(2)), "TCP \(from) \(to) \(family)")
                let udp = try await lab.asksByUDP(from, target)
                #expect(udp?.asker == own && udp?.name == String(to.dropFirst(2)), "UDP \(from) \(to) \(family)")
            }
        }
    }

    @Test("packets of the MTU pass whole, and one byte more does not")
    func mtu() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            for (from, to) in Self.pairs {
                let target = try await lab.address(to, family)
                #expect(try await lab.pings(from, target, bytes: 1400), "\(from) \(to) \(family)")
                #expect(try await !lab.pings(from, target, bytes: 1401), "\(from) \(to) \(family)")
            }
        }
    }

    @Test("hosts reach pods of their own and of other nodes as their management port, whatever address they use")
    func hostToPod() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            for node in ["n1", "n2"] {
                let own = try await lab.managementAddress(node, family)
                let address = try await lab.address("node:\(node)", family)
                for pod in ["t/a1", "t/b1"] {
                    let target = try await lab.address(pod, family)
                    #expect(try await lab.pings("node:\(node)", target), "ping \(node) \(pod) \(family)")
                    let answer = try await lab.asks("node:\(node)", target)
                    #expect(answer?.asker == own, "\(node) \(pod) \(family): \(String(describing: answer))")
                    let server = family == .v4 ? "TCP4:\(target):8080" : "TCP6:[\(target)]:8080"
                    let bound = try await lab.outcome(
                        "node:\(node)", "socat", "-T3", "-u",
                        "\(server),connect-timeout=3,bind=\(family == .v4 ? "\(address)" : "[\(address)]")", "-")
                    #expect(PacketLab.Answer(bound.output).asker == own, "\(node) \(pod) \(family), bound: \(bound)")
                }
            }
        }
    }

    @Test("pods keep their address to their own node, and have their node's to another")
    func podToHost() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            for node in ["n1", "n2"] {
                let target = try await lab.address("node:\(node)", family)
                let seen = try await lab.answering("node:\(node)", 18081, as: node) {
                    try await lab.asks("t/a1", target, port: 18081)
                }
                let expected = try await lab.address(node == "n1" ? "t/a1" : "node:n1", family)
                #expect(seen?.asker == expected, "\(node) \(family): \(String(describing: seen))")
            }
        }
    }

    @Test("what a pod sends to a service address that no service has stays off the wire")
    func unusedService() async throws {
        let lab = try Packets.lab()
        let capture = try await Capture.start(
            lab, "node:n1", "e0", "net 10.96.0.0/16 or net fd00:10:96::/112 or icmp or icmp6")
        for target in try [#require(IPAddress("10.96.0.99")), #require(IPAddress("fd00:10:96::99"))] {
            #expect(try await lab.asks("t/a1", target, port: 80) == nil)
            #expect(try await !lab.pings("t/a1", target, within: 1))
        }
        // The capture would have seen it: it sees what does leave.
        let outside = try await lab.address("outside", .v4)
        #expect(try await lab.pings("t/a1", outside))
        let lines = try await capture.lines(upTo: "\(outside): ICMP echo request")
        #expect(!lines.contains { $0.contains("10.96.0.99") || $0.contains("fd00:10:96::99") })
    }
}

extension PacketLab {
    func managementAddress(_ node: String, _ family: Family) async throws -> IPAddress {
        let output = try await shell(
            "node:\(node)", "ip -o -\(family.rawValue) addr show dev ovn-k8s-mp0 scope global")
        let word = try #require(output.split(separator: " ").first { $0.contains("/") })
        return try #require(IPNetwork(word)).address
    }
}
