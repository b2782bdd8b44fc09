import Glibc
import Linux
import LinuxTestKit
import Model
import Testing

@Suite(.serialized, .timeLimit(.minutes(3)))
struct NetlinkTests {
    private func network(_ text: String) throws -> IPNetwork { try #require(IPNetwork(text)) }
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test func aVethPairSpansTwoNamespaces() throws {
        let host = try TestNamespace("veth-h")
        let pod = try TestNamespace("veth-p")
        let socket = try host.socket()
        let mac = try #require(MACAddress("0a:58:0a:f4:01:05"))
        try socket.makeVeth(
            VethEnd("abcdef012345678", mtu: 1400, alias: "note"),
            peer: VethEnd("eth0", mac: mac, mtu: 1400, namespace: pod.namespace))
        let outer = try #require(try socket.link(named: "abcdef012345678"))
        #expect(outer.kind == "veth" && outer.alias == "note" && !outer.isUp && outer.addressGenerationMode == 0)
        #expect(try socket.link(named: "eth0") == nil)
        let inner = try #require(try pod.socket().link(named: "eth0"))
        #expect(inner.mac == mac && inner.mtu == 1400 && !inner.isUp)
        try socket.setLink(outer.index, outer.name, LinkSettings(up: true, mtu: 1300, addressGenerationMode: 1))
        let changed = try #require(try socket.link(named: outer.name))
        #expect(changed.isUp && changed.mtu == 1300 && changed.addressGenerationMode == 1)
        try socket.deleteLink(outer.index, outer.name)
        try socket.deleteLink(outer.index, outer.name)
        #expect(try pod.socket().link(named: "eth0") == nil)
    }

    @Test func addressesAreSetAndRemoved() throws {
        let test = try TestNamespace("addr")
        let socket = try test.socket()
        try socket.makeLink("d0", kind: "ifb")
        let index = try #require(try socket.link(named: "d0")).index
        try socket.setLink(index, "d0", LinkSettings(up: true))
        let v4 = AddressInfo(index: index, address: try network("10.1.2.3/24"), origin: 79)
        let v6 = AddressInfo(index: index, address: try network("fd01::3/64"), preferredLifetime: 0, origin: 79)
        for _ in 0..<2 {
            try socket.setAddress(v4, on: "d0")
            try socket.setAddress(v6, on: "d0")
        }
        let found = try socket.addresses().filter { $0.index == index }
        let found4 = try #require(found.first { $0.address == v4.address })
        let found6 = try #require(found.first { $0.address == v6.address })
        #expect(found4.origin == 79)
        #expect(found6.preferredLifetime == 0 && found6.validLifetime == .max)
        #expect(found6.flags & AddressInfo.tentative == 0 && found6.flags & AddressInfo.deprecated != 0)
        #expect(try test.run("ip -4 addr show d0").contains("inet 10.1.2.3/24 brd 10.1.2.255 scope global"))
        for _ in 0..<2 {
            try socket.deleteAddress(found4, on: "d0")
            try socket.deleteAddress(found6, on: "d0")
        }
        #expect(try !socket.addresses().contains { [v4.address, v6.address].contains($0.address) })
    }

    @Test func routesOfBothFamiliesKeepTheirAttributes() throws {
        let test = try TestNamespace("route")
        let socket = try test.socket()
        try socket.makeLink("d0", kind: "ifb")
        let index = try #require(try socket.link(named: "d0")).index
        try test.run("ip link set d0 up")
        try test.run("ip addr add 10.1.0.2/24 dev d0")
        try test.run("ip addr add fd01::2/64 dev d0 nodad")
        let routes = [
            RouteInfo(
                destination: try network("0.0.0.0/0"), metric: 100,
                nextHops: [.init(index: index, gateway: try address("10.1.0.1"))], source: try address("10.1.0.2"),
                origin: 79, mtu: 1300),
            RouteInfo(
                destination: try network("fd09::/16"), table: 1007, metric: 77,
                nextHops: [.init(index: index, gateway: try address("fd01::1"))], origin: 79),
            RouteInfo(
                destination: try network("10.9.0.0/16"), metric: 0,
                nextHops: [
                    .init(index: index, gateway: try address("10.1.0.8"), weight: 2),
                    .init(index: index, gateway: try address("10.1.0.9")),
                ], origin: 79),
            RouteInfo(
                destination: try network("10.8.0.0/16"), metric: 5,
                nextHops: [.init(index: index, gateway: try address("192.0.2.1"), isOnLink: true)], origin: 79),
        ]
        for route in routes + routes { try socket.setRoute(route) }
        #expect(Set(try socket.routes().filter { $0.origin == 79 }) == Set(routes))
        #expect(try test.run("ip route show default").contains("via 10.1.0.1 dev d0 proto 79 src 10.1.0.2 metric 100"))
        for route in routes + routes { try socket.deleteRoute(route) }
        #expect(try !socket.routes().contains { $0.origin == 79 })
        #expect(try socket.routes().contains { $0.origin == 2 }, "the kernel's own routes stay")
    }

    @Test func errorsCarryTheKernelsWords() throws {
        let test = try TestNamespace("error")
        let socket = try test.socket()
        let index = try #require(try socket.link(named: "lo")).index
        let route = RouteInfo(
            destination: try network("10.0.0.0/8"), metric: 0,
            nextHops: [.init(index: index, gateway: try address("192.0.2.1"))])
        #expect {
            try socket.setRoute(route)
        } throws: {
            "\($0)".hasPrefix("add route 10.0.0.0/8 via 192.0.2.1 table 254: ")
                && ("\($0)".contains("Nexthop") || "\($0)".contains("device"))
        }
    }

    @Test func rulesAndNeighboursAreSetAndRemoved() throws {
        let test = try TestNamespace("rule")
        let socket = try test.socket()
        let rules = [
            RuleInfo(family: .v4, priority: 30, mark: 0x1745ec, table: 7, origin: 79),
            RuleInfo(family: .v6, priority: 30, mark: 0x1745ec, table: 7, origin: 79),
            RuleInfo(family: .v4, priority: 6000, source: try network("10.244.1.5/32"), table: 1007, origin: 79),
        ]
        for rule in rules + rules { try socket.addRule(rule) }
        #expect(Set(try socket.rules().filter { $0.origin == 79 }) == Set(rules))
        for rule in rules + rules { try socket.deleteRule(rule) }
        #expect(try !socket.rules().contains { $0.origin == 79 })
        try socket.makeLink("d0", kind: "ifb")
        try test.run("ip link set d0 up")
        let index = try #require(try socket.link(named: "d0")).index
        for text in ["10.1.0.1", "fd01::1"] {
            let entry = NeighbourInfo(
                index: index, address: try address(text), mac: MACAddress("0a:58:00:00:00:01"), origin: 79)
            try socket.setNeighbour(entry, on: "d0")
            try socket.setNeighbour(entry, on: "d0")
            #expect(try socket.neighbours().contains(entry))
            try socket.deleteNeighbour(entry, on: "d0")
            try socket.deleteNeighbour(entry, on: "d0")
            #expect(try !socket.neighbours().contains { $0.address == entry.address })
        }
    }

    @Test func aNeighbourIsKeptKnownByTheKernel() throws {
        let test = try TestNamespace("kept")
        let socket = try test.socket()
        try socket.makeLink("d0", kind: "bridge")
        try test.run("ip link set d0 up")
        try test.run("ip addr add 10.1.0.2/24 dev d0")
        let entry = NeighbourInfo(
            index: try #require(try socket.link(named: "d0")).index, address: try address("10.1.0.1"), mac: nil,
            origin: 79)
        try socket.setNeighbour(entry, on: "d0")
        try socket.setNeighbour(entry, on: "d0")
        let kept = try #require(try socket.neighbours().first { $0.address == entry.address })
        #expect(kept.isManaged && kept.origin == 79)
        try socket.deleteNeighbour(kept, on: "d0")
        #expect(try !socket.neighbours().contains { $0.address == entry.address })
    }

    @Test func newsArriveAndLossesAreSeen() throws {
        let test = try TestNamespace("news")
        let socket = try test.socket()
        let monitor = try test.namespace.run { try NetlinkMonitor(.links) }
        let waker = try Waker()
        try socket.makeLink("d0", kind: "ifb")
        #expect(waker.wait(for: [monitor.descriptor], timeout: .seconds(5)).count == 1)
        guard case .messages(let messages) = try monitor.next() else {
            Issue.record("no messages")
            return
        }
        #expect(messages.compactMap { LinkInfo($0) }.contains { $0.name == "d0" })
        // More news than the socket can hold.
        var small: CInt = 1024
        setsockopt(monitor.descriptor.number, SOL_SOCKET, SO_RCVBUF, &small, socklen_t(MemoryLayout<CInt>.size))
        for _ in 0..<20 {
            try test.run("ip link set d0 up")
            try test.run("ip link set d0 down")
        }
        var overrun = false
        reading: while true {
            switch try monitor.next() {
            case .messages: continue
            case .overrun: overrun = true
            case .none: break reading
            }
        }
        #expect(overrun)
    }

    @Test func checksumOffloadIsSwitchedInsideTheNamespace() throws {
        let test = try TestNamespace("offload")
        try test.socket().makeVeth(VethEnd("v0", mtu: 1500), peer: VethEnd("v1", mtu: 1500))
        try test.namespace.run {
            #expect(try Ethtool.transmitChecksumOffload("v0"))
            try Ethtool.setTransmitChecksumOffload("v0", false)
            #expect(try !Ethtool.transmitChecksumOffload("v0"))
            #expect(try Ethtool.transmitChecksumOffload("v1"))
            #expect(throws: SystemError.self) { try Ethtool.setTransmitChecksumOffload("none", false) }
        }
        #expect(try test.run("ethtool -k v0").contains("tx-checksumming: off"))
    }
}
