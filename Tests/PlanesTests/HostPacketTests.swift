import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Planes

/// What the settings of a pod's link are for, seen on packets through a real switch with the userspace datapath.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostPacketTests {
    private func row(_ pod: TestNamespace, _ number: Int, ingressDrop: Bool = true) throws -> PodLink {
        PodLink(
            sandbox: "s\(number)", hostInterface: "veth\(number)", netns: pod.namespace.path,
            mac: try #require(MACAddress("0a:58:0a:f4:01:0\(number)")), mtu: 1400,
            addresses: [
                try #require(IPNetwork("10.244.1.\(number)/24")),
                try #require(IPNetwork("fd00:10:244:1::\(number)/64")),
            ], ingressDrop: ingressDrop)
    }

    private func serve(_ host: TestNamespace, _ address: String) throws -> ChildProcess {
        let family = address.contains(":") ? "6" : "4"
        let listener = "TCP\(family)-LISTEN:8080,bind=\(Self.bracketed(address)),fork,reuseaddr"
        return try host.namespace.run {
            try ChildProcess(["setsid", "socat", listener, "SYSTEM:echo hello"], output: .null, errors: .null)
        }
    }

    /// Ends a server with its children.
    private func end(_ process: ChildProcess) throws {
        try Command("pkill", "-TERM", "-s", "\(process.pid)").run()
        _ = try process.wait(timeout: .seconds(5))
    }

    private func ask(_ pod: TestNamespace, _ address: String, wait: Int = 2) throws -> String {
        let server = "TCP:\(Self.bracketed(address)):8080,connect-timeout=\(wait)"
        return try Command("socat", "-T\(wait)", "-u", server, "-", in: pod.namespace).outcome().output
    }

    private static func bracketed(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    @Test func podsSpeakTCPThroughTheSwitchAndNotWithTheHostBehindItsBack() async throws {
        let node = try TestSwitch("packets")
        let a = try TestNamespace("packets-a")
        let b = try TestNamespace("packets-b")
        try node.addBridge("br0", mode: "standalone")
        let bench = PlaneBench(
            try HostPlane(.init(namespace: node.host.namespace.path, ovsDirectory: node.directory)))
        let rows = [try row(a, 1), try row(b, 2)]
        try await bench.set(rows)
        #expect(bench.refused.isEmpty)
        for number in 1...2 { try node.vsctl("add-port", "br0", "veth\(number)") }
        for address in ["10.244.1.2", "fd00:10:244:1::2"] {
            let server = try serve(b, address)
            try await eventually("the pod answers on \(address)") { try ask(a, address) == "hello\n" }
            try end(server)
        }
        #expect(try a.run("ping -c 2 -i 0.2 -W 5 -M do -s 1372 10.244.1.2").contains(" 0% packet loss"))

        // The host has an address that a pod could reach by the MAC of its own cable's other end.
        for line in ["ip link set lo up", "ip addr add 192.0.2.1/32 dev lo", "ip route add 10.244.1.1 dev veth1"] {
            try node.host.run(line)
        }
        try a.run("ip route add 192.0.2.1 dev eth0")
        let mac = try #require(try node.host.socket().link(named: "veth1")?.mac)
        try a.run("ip neigh replace 192.0.2.1 lladdr \(mac) dev eth0")
        let server = try serve(node.host, "192.0.2.1")
        #expect(try ask(a, "192.0.2.1", wait: 1) == "")
        // Without the drop the way is open: that is what it is for.
        try await bench.set([try row(a, 1, ingressDrop: false), rows[1]])
        try await eventually("the host answers") { try ask(a, "192.0.2.1", wait: 1) == "hello\n" }
        try await bench.set(rows)
        #expect(try ask(a, "192.0.2.1", wait: 1) == "")
        try end(server)
        try await bench.stop()
    }

    @Test func aNICMovesIntoItsBridgeWhileTheWorldPingsTheHost() async throws {
        let node = try TestSwitch("move")
        let outside = try TestNamespace("move-o")
        try node.host.run("ip link add e0 type veth peer name o0 netns \(outside.name)")
        for line in [
            "ip link set e0 up", "ip addr add 172.30.0.1/24 dev e0", "ip addr add fd30::1/64 dev e0 nodad",
            "ip route add default via 172.30.0.100 metric 100", "ip -6 route add default via fd30::100 metric 100",
        ] { try node.host.run(line) }
        for line in [
            "ip link set o0 up", "ip addr add 172.30.0.100/24 dev o0", "ip addr add fd30::100/64 dev o0 nodad",
        ] { try outside.run(line) }
        let bench = PlaneBench(
            try HostPlane(.init(namespace: node.host.namespace.path, ovsDirectory: node.directory)))
        try await bench.set([BridgedUplink(nic: "e0", bridge: "bre0"), HostLink(device: "bre0", up: true)])
        let namespace = outside.namespace
        @Sendable func ping(_ address: String) async throws -> String {
            try await Command(
                ["ping", "-i", "0.05", "-c", "200", "-W", "1", address], deadline: .seconds(60), in: namespace
            ).outcome().output
        }
        async let v4 = ping("172.30.0.1")
        async let v6 = ping("fd30::1")
        let mac = try #require(try node.host.socket().link(named: "e0")?.mac)
        try node.vsctl(
            "add-br", "bre0", "--", "set", "bridge", "bre0", "datapath_type=netdev", "fail-mode=standalone",
            "other-config:hwaddr=\"\(mac)\"", "--", "add-port", "bre0", "e0")
        try await eventually("the addresses have moved") {
            try node.host.run("ip addr show bre0").contains("172.30.0.1/24")
                && !node.host.run("ip addr show e0").contains("172.30.0.1/24")
        }
        #expect(try node.host.run("ip route show default").contains("via 172.30.0.100 dev bre0 metric 100"))
        #expect(try node.host.run("ip -6 route show default").contains("via fd30::100 dev bre0 metric 100"))
        for output in try await [v4, v6] {
            let received = output.split(separator: " ").firstIndex(of: "received,").flatMap { index in
                Int(output.split(separator: " ")[index - 1])
            }
            #expect(try #require(received) >= 100, "at most a few seconds are lost: \(output.suffix(160))")
        }
        #expect(bench.refused.isEmpty)
        try await bench.stop()
    }

    @Test func twoHundredPodsAreAdoptedAtOnce() async throws {
        let host = try TestNamespace("adopt")
        let pods = try (0..<200).map { try TestNamespace("adopt-\($0)") }
        let rows = try pods.enumerated().map { index, pod in
            PodLink(
                sandbox: "s\(index)", hostInterface: "veth\(index)", netns: pod.namespace.path,
                mac: MACAddress(number: 0x0a58_0000_0000 + UInt64(index)), mtu: 1400,
                addresses: [try #require(IPNetwork("10.244.\(index / 250).\(index % 250 + 2)/16"))],
                gateways: [try #require(IPAddress("10.244.0.1"))])
        }
        let clock = ContinuousClock()
        let first = try PlaneBench(in: host)
        let wiring = try await clock.measure { try await first.set(rows) }
        #expect(first.refused.isEmpty)
        let one = try TestNamespace("adopt-one")
        var extra = rows[0]
        extra.sandbox = "extra"
        extra.hostInterface = "extra"
        extra.netns = one.namespace.path
        let single = try await clock.measure { try await first.set(rows + [extra]) }
        try await first.stop()
        let second = try PlaneBench(in: host)
        let adoption = try await clock.measure { try await second.set(rows + [extra]) }
        #expect(second.plane.writes == 0)
        print("200 pods: wired in \(wiring), one more in \(single), adopted in \(adoption)")
        try await second.stop()
    }
}
