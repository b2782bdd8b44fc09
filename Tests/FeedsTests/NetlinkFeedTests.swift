import Core
import Linux
import LinuxTestKit
import Model
import Testing

@testable import Feeds

/// A running feed and the objects that it has brought so far.
private final class Probe {
    private var events: AsyncStream<FeedEvent>.Iterator
    private let task: Task<Void, any Error>
    private(set) var objects: [ObjectID: any Kind] = [:]
    private(set) var changes = 0

    init(_ feed: NetlinkFeed) {
        let (stream, continuation) = AsyncStream<FeedEvent>.makeStream()
        events = stream.makeAsyncIterator()
        task = Task {
            defer { continuation.finish() }
            try await feed.run { continuation.yield($0) }
        }
    }

    deinit { task.cancel() }

    func listed() async {
        while let event = await next() {
            if case .listed = event { return }
        }
    }

    /// Takes events until the condition holds.
    func until(_ condition: (Probe) -> Bool) async {
        while !condition(self), await next() != nil {}
    }

    private func next() async -> FeedEvent? {
        let event = await events.next(isolation: nil)
        if case .changes(_, let list, _) = event {
            changes += list.count
            for change in list {
                switch change {
                case .put(let object): objects[object.id] = object
                case .remove(let id): objects[id] = nil
                }
            }
        }
        return event
    }

    func stop() async throws {
        task.cancel()
        try await task.value
    }

    func link(_ name: String) -> Link? { objects[Link.id(name)] as? Link }
    func address(_ name: String) -> LinkAddress? { objects[LinkAddress.id(name)] as? LinkAddress }
    func route(_ name: String) -> Route? { objects[Route.id(name)] as? Route }
}

@Suite(.serialized, .timeLimit(.minutes(3)))
struct NetlinkFeedTests {
    @Test func theListingHasLinksAddressesAndRoutes() async throws {
        let host = try TestNamespace("feed")
        for line in [
            "ip link add e0 type veth peer name e1", "ip link set e1 up", "ip link set e0 up mtu 1400",
            "ip addr add 172.30.0.1/24 dev e0", "ip addr add fd30::1/64 dev e0 nodad",
            "ip addr add fd31::1/64 dev e0 nodad preferred_lft 0 valid_lft 1000",
            "ip route add default via 172.30.0.100 metric 100 proto dhcp src 172.30.0.1",
            "ip -6 route add default via fd30::100 metric 1000",
            "ip route add 10.9.0.0/16 metric 5 nexthop via 172.30.0.8 nexthop via 172.30.0.9",
            "ip route add 10.96.0.0/16 via 172.30.0.7 table 7", "ip route add 10.97.0.0/16 via 172.30.0.7 table 8",
            "ip route add blackhole 10.98.0.0/16",
        ] { try host.run(line) }
        let probe = Probe(NetlinkFeed(namespace: host.namespace.path))
        await probe.listed()
        let link = try #require(probe.link("e0"))
        #expect(link.mtu == 1400 && link.isUp && link.type == "veth" && link.mac != nil && link.master == nil)
        #expect(probe.link("lo")?.isUp == false)
        #expect(probe.address("e0/172.30.0.1/24")?.scope == .global)
        #expect(probe.address("e0/fd30::1/64")?.isTemporary == false)
        let temporary = try #require(probe.address("e0/fd31::1/64"))
        #expect(temporary.isTemporary && temporary.isDeprecated && !temporary.isTentative)
        let v4 = try #require(probe.route("0.0.0.0/0 via 172.30.0.100 dev e0 table 254 metric 100"))
        #expect(v4.isDefault && v4.family == .v4 && v4.origin == 16 && v4.source == IPAddress("172.30.0.1"))
        #expect(probe.route("::/0 via fd30::100 dev e0 table 254 metric 1000")?.gateway == IPAddress("fd30::100"))
        #expect(
            probe.route("10.9.0.0/16 via 172.30.0.8 dev e0 via 172.30.0.9 dev e0 table 254 metric 5")?.nextHops.count
                == 2)
        #expect(probe.route("10.96.0.0/16 via 172.30.0.7 dev e0 table 7 metric 0") != nil)
        #expect(probe.route("172.30.0.0/24 dev e0 table 254 metric 0")?.origin == 2)
        let destinations = probe.objects.values.compactMap { ($0 as? Route)?.destination.description }
        #expect(!destinations.contains("10.97.0.0/16") && !destinations.contains("10.98.0.0/16"))
        #expect(!destinations.contains { $0.hasPrefix("fe80") || $0.hasPrefix("ff") })
        try await probe.stop()
    }

    @Test func whatChangesComesAndWhatIsGoneGoes() async throws {
        let host = try TestNamespace("change")
        let probe = Probe(NetlinkFeed(namespace: host.namespace.path))
        await probe.listed()
        #expect(probe.link("e0") == nil)
        try host.run("ip link add e0 type veth peer name e1")
        await probe.until { $0.link("e0") != nil }
        try host.run("ip link add br0 type bridge")
        try host.run("ip link set e0 master br0")
        await probe.until { $0.link("e0")?.master == "br0" }
        try host.run("ip link set e0 nomaster up")
        try host.run("ip link set e1 up")
        try host.run("ip addr add 172.30.0.1/24 dev e0")
        try host.run("ip route add default via 172.30.0.100")
        let name = "0.0.0.0/0 via 172.30.0.100 dev e0 table 254 metric 0"
        await probe.until { $0.route(name) != nil && $0.address("e0/172.30.0.1/24") != nil }
        try host.run("ip route replace default via 172.30.0.101")
        await probe.until { $0.route(name) == nil }
        #expect(probe.route("0.0.0.0/0 via 172.30.0.101 dev e0 table 254 metric 0") != nil)
        try host.run("ip link del e0")
        await probe.until { $0.link("e0") == nil && $0.address("e0/172.30.0.1/24") == nil }
        #expect(!probe.objects.values.contains { $0 is Route })
        try await probe.stop()
    }

    @Test func whatDoesNotMatterIsNoNews() async throws {
        let host = try TestNamespace("quiet")
        for line in ["ip link add e0 type veth peer name e1", "ip link set e1 up", "ip link set e0 up"] {
            try host.run(line)
        }
        try host.run("ip addr add 172.30.0.1/24 dev e0 valid_lft 1000 preferred_lft 1000")
        let probe = Probe(NetlinkFeed(namespace: host.namespace.path))
        await probe.listed()
        // The kernel gives each end its link-local address a while after the link has come up.
        await probe.until { probe in
            let local = probe.objects.values.compactMap { $0 as? LinkAddress }.filter { $0.address.address.isLinkLocal }
            return local.count == 2 && !local.contains(where: \.isTentative)
        }
        let before = probe.changes
        try host.run("ip addr change 172.30.0.1/24 dev e0 valid_lft 2000 preferred_lft 2000")
        try host.run("ip route add 10.97.0.0/16 via 172.30.0.7 table 8")
        try host.run("ip neigh add 172.30.0.9 lladdr 02:00:00:00:00:09 dev e0")
        try host.run("ip link set e0 alias note")
        try host.run("ip route add 10.1.0.0/16 via 172.30.0.7")
        await probe.until { $0.route("10.1.0.0/16 via 172.30.0.7 dev e0 table 254 metric 0") != nil }
        #expect(probe.changes == before + 1)
        try await probe.stop()
    }
}
