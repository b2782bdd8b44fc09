import Core
import Linux
import Model
import Testing

@testable import Lab

extension Packets.DualStack {
    @Test("a hundred connections of a pod leave by its node's address and ports of its own, and no host resets one")
    func egress() async throws {
        let lab = try Packets.lab()
        let capture = try await Capture.start(lab, "outside", "e0", "tcp port 18082 or udp port 18083")
        for family in lab.families {
            let target = try await lab.address("outside", family)
            let own = try await lab.address("node:n1", family)
            let answers = try await lab.answering("outside", 18082, as: "outside") {
                try await lab.shell("t/a1", Self.connect(target, port: 18082, times: 100), deadline: .seconds(60))
            }.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(answers.count == 100, "\(family)")
            #expect(answers.allSatisfy { $0.contains("\(own)") }, "\(family): \(answers.first ?? [])")
            let ports = answers.compactMap { $0.last.flatMap { Int($0) } }
            #expect(ports.count == 100 && ports.allSatisfy { 61_000...65_535 ~= $0 }, "\(family): \(ports)")
        }
        let control = "echo end | socat -u - UDP4:\(try await lab.address("outside", .v4)):18083"
        try await lab.shell("node:n2", control)
        let lines = try await capture.lines(upTo: "18083: UDP")
        #expect(lines.count { $0.contains("Flags [S]") } >= 200)
        let resets = lines.filter { $0.contains("Flags [R") }
        #expect(resets.isEmpty, "\(resets.prefix(3))")
    }

    private static func connect(_ target: IPAddress, port: Int, times: Int) -> String {
        let server = target.family == .v4 ? "TCP4:\(target):\(port)" : "TCP6:[\(target)]:\(port)"
        return "for i in $(seq \(times)); do socat -T5 -u \(server),connect-timeout=5 - 2>&1; done"
    }

    @Test("the host's own connections, both ways, go on beside those of its pods, and are told apart")
    func hostBesidePods() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            let outside = try await lab.address("outside", family)
            let node = try await lab.address("node:n1", family)
            let counts = try await lab.answering("outside", 18084, as: "outside") {
                try await lab.answering("node:n1", 18085, as: "n1") {
                    async let pod = lab.shell("t/a1", Self.connect(outside, port: 18084, times: 20))
                    async let host = lab.shell("node:n1", Self.connect(outside, port: 18084, times: 20))
                    async let inward = lab.shell("outside", Self.connect(node, port: 18085, times: 20))
                    return try await [pod, host, inward].map { $0.count { $0 == "\n" } }
                }
            }
            #expect(counts == [20, 20, 20], "\(family): pod, host, inward")
        }
        let table = try await lab.shell("node:n1", "ovs-appctl dpctl/dump-conntrack zone=64000")
        #expect(table.contains("mark=1"))
        #expect(table.contains("mark=2"))
    }

    @Test("a host and its pod that use one source port to one server are each answered with their own")
    func samePort() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            let target = try await lab.address("outside", family)
            let server = family == .v4 ? "TCP4:\(target):18086" : "TCP6:[\(target)]:18086"
            let port = family == .v4 ? 25_003 : 25_004
            func talk(_ name: String) -> String {
                "(for i in 1 2 3 4 5; do echo \(name)-$i; sleep 0.2; done) | socat -t3 - \(server),sourceport=\(port)"
            }
            let (host, pod) = try await lab.answering("outside", 18086, as: "outside", echo: true) {
                async let host = lab.shell("node:n1", talk("host"))
                async let pod = lab.shell("t/a1", talk("pod"))
                return try await (host, pod)
            }
            for (name, lines) in [("host", host), ("pod", pod)] {
                let words = lines.split(separator: "\n").dropFirst()
                #expect(words.elementsEqual((1...5).map { "\(name)-\($0)" }), "\(name) over \(family): \(lines)")
            }
        }
    }

    @Test("a datagram from outside that is too big for a pod is refused in the node's name, with the pods' MTU")
    func tooBig() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            let target = try await lab.address("outside", family)
            let node = try await lab.address("node:n1", family)
            let capture = try await Capture.start(lab, "outside", "e0", family == .v4 ? "icmp" : "icmp6")
            let bytes = 1450 - (family == .v4 ? 28 : 48)
            let answer = "SYSTEM:'read x; head -c \(bytes) /dev/zero'"
            let words = family == .v4 ? "need to frag (mtu 1400)" : "packet too big, mtu 1400"
            // An error is sent once for each datagram, and may be lost as that may be.
            _ = try await lab.serving("outside", udp: 18087, answer) {
                try await eventually(within: .seconds(20)) {
                    _ = try await lab.asksByUDP("t/a1", target, port: 18087)
                    return capture.lines.contains { $0.contains(words) }
                }
            }
            let lines = try await capture.lines(upTo: words)
            #expect(lines.contains { $0.contains(words) && $0.contains(" \(node) > ") }, "\(family): \(lines)")
            // What the host outside has learnt is not for the other tests.
            try await lab.shell("outside", "ip -\(family.rawValue) route flush cache")
        }
    }

    @Test("when the next hop gets another MAC, pods reach the outside again soon")
    func newNextHop() async throws {
        let lab = try Packets.lab()
        let old = "02:30:00:00:00:64"
        try await lab.shell("outside", "sysctl -qw net.ipv4.conf.e0.arp_notify=1 net.ipv6.conf.e0.ndisc_notify=1")
        for mac in ["02:30:00:00:00:fe", old] {
            try await lab.shell("outside", "ip link set e0 address \(mac)")
            for family in lab.families {
                let target = try await lab.address("outside", family)
                let recovered = try await eventually(within: .seconds(20)) {
                    try await lab.pings("t/a1", target, within: 1)
                }
                #expect(recovered, "\(family) to \(mac)")
            }
        }
    }
}
