import Core
import Linux
import Model
import Testing

@testable import Lab

extension Packets.DualStack {
    @Test("a pod that addresses its host's end of the cable reaches no port of the host")
    func aroundTheSwitch() async throws {
        let lab = try Packets.lab()
        let sandbox = try await onThread {
            try Labs.report(lab.paths).pods.first { $0.key == "t/a1" }?.sandbox ?? ""
        }
        let device = sandbox.prefix(15)
        let mac = try await lab.mac("node:n1", String(device))
        for family in lab.families {
            let target = try await lab.address("node:n1", family)
            let neighbour = "neigh replace \(try await lab.gateway("t/a1", family)) lladdr \(mac) dev eth0"
            let file = "\(lab.directory)/host-\(family.rawValue)"
            func send(_ word: String) -> String { "bash -c 'echo \(word) >/dev/udp/\(target)/18088'" }
            // What the host gets counts: an answer would be lost on its way back anyhow.
            let words = try await lab.serving("node:n1", udp: 18088, "SYSTEM:cat >>\(file)") {
                try await lab.shell("t/a1", send("before"))
                try await lab.shell("t/a1", "ip \(neighbour) nud permanent")
                try await lab.shell("t/a1", send("during"))
                try await lab.shell("t/a1", "ip \(neighbour) nud stale; ip neigh flush dev eth0")
                try await lab.shell("t/a1", send("after"))
                _ = try await eventually {
                    let text = (try? Files.read(file)) ?? ""
                    return text.contains("before") && text.contains("after")
                }
                return try Files.read(file).split(separator: "\n")
            }
            #expect(Set(words) == ["before", "after"], "\(family)")
        }
    }

    @Test("exactly one station answers for the management port's address")
    func oneAnswer() async throws {
        let lab = try Packets.lab()
        let target = try await lab.managementAddress("n1", .v4)
        let output = try await lab.outcome("t/a1", "arping", "-I", "eth0", "-c", "3", "\(target)").output
        #expect(output.contains("Sent 3 probes") && output.count("reply from") == 3, "\(output)")
        // And nobody in the pod's network for an address of the host that is not of this network.
        let node = try await lab.address("node:n1", .v4)
        let other = try await lab.outcome("t/a1", "arping", "-I", "eth0", "-w", "1", "\(node)").output
        #expect(other.count("reply from") == 0, "\(other)")
    }

    @Test("what a pod sends with another's address or MAC is dropped")
    func spoofing() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            let target = try await lab.address("t/a2", family)
            let own = try await lab.address("t/a1", family)
            let foreign = family == .v4 ? "10.244.7.7/32" : "fd00:10:244:7::7/128"
            let source = foreign.prefix { $0 != "/" }
            try await lab.shell("t/a1", "ip addr add \(foreign) dev eth0\(family == .v6 ? " nodad" : "")")
            let capture = try await Capture.start(lab, "t/a2", "eth0", family == .v4 ? "icmp" : "icmp6")
            let spoofed = try await lab.outcome(
                "t/a1", "ping", "-c", "2", "-i", "0.2", "-w", "1", "-I", "\(source)", "\(target)")
            try await lab.shell("t/a1", "ip addr del \(foreign) dev eth0; ip neigh flush dev eth0")
            #expect(!spoofed.succeeded, "\(family)")
            // Its own address works, with its neighbours found anew.
            #expect(try await lab.pings("t/a1", target), "\(family)")
            let lines = try await capture.lines(upTo: "\(own) > \(target)")
            #expect(!lines.contains { $0.contains("\(source) > ") }, "\(family)")
        }
        let target = try await lab.address("t/a2", .v4)
        let mac = try await lab.mac("t/a1", "eth0")
        try await lab.shell("t/a1", "ip link set eth0 address 0a:58:0a:f4:07:07")
        let spoofed = try await lab.pings("t/a1", target, within: 1)
        try await lab.shell("t/a1", "ip link set eth0 address \(mac)")
        #expect(!spoofed)
        #expect(try await lab.pings("t/a1", target))
    }

    @Test("somebody outside whom the host translates to a pod reaches it, and is seen as the node")
    func translated() async throws {
        let lab = try Packets.lab()
        let pod = try await lab.address("t/a1", .v4)
        let node = try await lab.address("node:n1", .v4)
        try await lab.shell(
            "node:n1",
            "nft add table ip t; nft add chain ip t c '{ type nat hook prerouting priority dstnat; }'; "
                + "nft add rule ip t c tcp dport 30999 dnat to \(pod):8080")
        let answer = try await lab.asks("outside", node, port: 30999)
        try await lab.shell("node:n1", "nft delete table ip t")
        let own = try await lab.managementAddress("n1", .v4)
        #expect(answer?.asker == own, "\(String(describing: answer))")
    }

    @Test("nobody outside reaches a pod, though a route leads there")
    func fromOutside() async throws {
        let lab = try Packets.lab()
        for family in lab.families {
            let pod = try await lab.address("t/a1", family)
            let outside = try await lab.address("outside", family)
            let route = "\(IPNetwork(host: pod)) via \(try await lab.address("node:n1", family))"
            let capture = try await Capture.start(lab, "t/a1", "eth0", "host \(pod)")
            try await lab.shell("outside", "ip route replace \(route)")
            #expect(try await !lab.pings("outside", pod, within: 1), "\(family)")
            #expect(try await lab.asks("outside", pod) == nil, "\(family)")
            try await lab.shell("outside", "ip route del \(route)")
            // The node still does, and the capture sees that.
            #expect(try await lab.pings("node:n1", pod), "\(family)")
            let lines = try await capture.lines(
                upTo: "\(try await lab.managementAddress("n1", family)) > \(pod)")
            #expect(!lines.contains { $0.contains("\(outside)") }, "\(family): \(lines)")
        }
    }
}

extension PacketLab {
    func mac(_ place: String, _ device: String) async throws -> MACAddress {
        let words = try await shell(place, "ip -o link show dev \(device)").split(separator: " ")
        let index = try #require(words.firstIndex(of: "link/ether"))
        return try #require(MACAddress(words[index + 1]))
    }

    func gateway(_ pod: String, _ family: Family) async throws -> IPAddress {
        let words = try await shell(pod, "ip -\(family.rawValue) route show default").split(separator: " ")
        let place = try #require(words.firstIndex(of: "via"))
        return try #require(IPAddress(words[place + 1]))
    }
}

extension String {
    /// How often a text occurs in it.
    func count(_ text: String) -> Int { ranges(of: text).count }
}
