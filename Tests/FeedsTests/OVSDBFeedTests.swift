import Core
import Feeds
import Model
import OVSDB
import OVSDBTestKit
import Testing

/// A feed on a real server, and the objects that it has told of.
private final class FeedBench {
    let server: DatabaseServer
    let database: Database
    private(set) var objects: [ObjectID: any Kind] = [:]
    private(set) var failures: [FeedFailure] = []
    private(set) var hasListed = false
    private(set) var changeCount = 0
    private var events: AsyncStream<FeedEvent>.AsyncIterator
    private let tasks: [Task<Void, Never>]

    init(
        _ kind: DatabaseServer.Kind, schema adapt: (String) throws -> String = { $0 }, _ feed: (Database) -> any Feed
    ) throws {
        server = try DatabaseServer(kind, schema: adapt)
        try server.initialise()
        let database = Database(name: kind.rawValue, endpoint: server.endpoint)
        self.database = database
        let feed = feed(database)
        let (stream, continuation) = AsyncStream.makeStream(of: FeedEvent.self)
        events = stream.makeAsyncIterator()
        tasks = [
            Task { await database.run() },
            Task { try? await feed.run { continuation.yield($0) } },
        ]
    }

    deinit { for task in tasks { task.cancel() } }

    /// Waits until an event makes the condition true.
    func until(_ condition: (FeedBench) -> Bool) async {
        while !condition(self), let event = await events.next() {
            switch event {
            case .changes(_, let changes, _):
                for change in changes {
                    changeCount += 1
                    if case .put(let object) = change { objects[change.id] = object } else { objects[change.id] = nil }
                }
            case .listed: hasListed = true
            case .failed(_, let list): failures = list
            }
        }
    }

    func object<K: Kind>(_: K.Type, _ name: String) -> K? { objects[K.id("", name)] as? K }
}

@Suite(.timeLimit(.minutes(3))) struct OVSDBFeedTests {
    @Test func bridgesInterfacesAndTheSystemAreToldBeforeTheListingEnds() async throws {
        let bench = try FeedBench(.vswitch) { VSwitchFeed($0) }
        try bench.server.tool(
            "add-br", "br0", "--", "add-port", "br0", "p0", "--", "set", "Interface", "p0",
            "external_ids:iface-id=shop_web",
            "external_ids:sandbox=abc", "type=internal", "ofport=7", "--", "br-set-external-id", "br0", "bridge-uplink",
            "e0", "--", "set", "Open_vSwitch", ".", "external_ids:system-id=c1", "external_ids:hostname=n1",
            "external_ids:other=x", "external_ids:ovn-encap-ip=10.0.0.1", "--", "set", "Bridge", "br0",
            "external_ids:ct-zone-shop_web=7", "external_ids:ct-zone-r_dnat=3")
        // Before the listing or after it: one transaction is told table by table.
        await bench.until {
            $0.hasListed && $0.object(OVSInterface.self, "p0") != nil
                && $0.object(OVSBridge.self, "br0")?.uplink != nil
                && $0.object(OVSSystem.self, ".")?.systemID != nil
        }
        #expect(
            bench.object(OVSInterface.self, "p0")
                == OVSInterface(name: "p0", type: "internal", ifaceID: "shop_web", sandbox: "abc", ofport: 7))
        #expect(
            bench.object(OVSBridge.self, "br0")
                == OVSBridge(name: "br0", uplink: "e0", ports: ["br0", "p0"], zones: [3, 7]))
        let system = try #require(bench.object(OVSSystem.self, "."))
        #expect(system.systemID == "c1" && system.hostname == "n1")
        #expect(system.externalIDs["other"] == nil)
        #expect(system.externalIDs["ovn-encap-ip"] == "10.0.0.1")
    }

    @Test func aFieldThatNobodyUsesIsNoNews() async throws {
        let bench = try FeedBench(.vswitch) { VSwitchFeed($0) }
        try bench.server.tool("add-br", "br0", "--", "set", "Bridge", "br0", "external_ids:ovenbird=br0")
        // The bridge and its interface are told one after the other.
        await bench.until {
            $0.hasListed && $0.object(OVSBridge.self, "br0")?.owned == true
                && $0.object(OVSInterface.self, "br0") != nil
        }
        let before = bench.changeCount
        try bench.server.tool("set", "Interface", "br0", "external_ids:nobody=cares")
        try bench.server.tool("set", "Interface", "br0", "external_ids:ovn-installed=true")
        await bench.until { $0.object(OVSInterface.self, "br0")?.installed == true }
        #expect(bench.changeCount == before + 1)
    }

    @Test func anInterfaceThatGoesIsRemoved() async throws {
        let bench = try FeedBench(.vswitch) { VSwitchFeed($0) }
        try bench.server.tool("add-br", "br0", "--", "add-port", "br0", "p0")
        await bench.until { $0.object(OVSInterface.self, "p0") != nil }
        try bench.server.tool("del-port", "p0")
        await bench.until {
            $0.object(OVSInterface.self, "p0") == nil && $0.object(OVSBridge.self, "br0")?.ports == ["br0"]
        }
        #expect(bench.object(OVSInterface.self, "br0") != nil)
    }

    @Test func aLostConnectionIsAFailureAndRemovesNothing() async throws {
        let bench = try FeedBench(.vswitch) { VSwitchFeed($0) }
        await bench.until { $0.hasListed }
        try bench.server.tool("add-br", "br0")
        // The bridge and its interface are told one after the other.
        await bench.until {
            $0.object(OVSBridge.self, "br0") != nil && $0.object(OVSInterface.self, "br0") != nil
                && $0.failures.isEmpty
        }
        let before = bench.changeCount
        bench.server.stop(9)
        await bench.until { !$0.failures.isEmpty }
        #expect(bench.failures.first?.reason == "NotConnected")
        #expect(bench.object(OVSBridge.self, "br0") != nil)
        try bench.server.start()
        await bench.until { $0.failures.isEmpty }
        #expect(bench.changeCount == before)
    }

    @Test func datapathsAreToldWithTheirKeys() async throws {
        let bench = try FeedBench(.southbound) { SouthboundFeed($0) }
        await bench.until { $0.hasListed }
        #expect(bench.objects.isEmpty)
        try bench.server.tool(
            "create", "Datapath_Binding", "tunnel_key=3", "external_ids:name=n1", "--", "create", "Datapath_Binding",
            "tunnel_key=4")
        await bench.until { $0.object(LogicalDatapath.self, "n1") != nil }
        #expect(bench.object(LogicalDatapath.self, "n1") == LogicalDatapath(name: "n1", tunnelKey: 3))
        #expect(bench.objects.count == 1)
    }

    @Test func theNorthboundSchemaIsToldByWhatTheServerServes() async throws {
        for (adapt, hasTiers) in [({ $0 }, false), (NewerSchema.tiers, true)] as [((String) throws -> String, Bool)] {
            let bench = try FeedBench(.northbound, schema: adapt) { NorthboundFeed($0) }
            await bench.until { $0.hasListed && $0.failures.isEmpty }
            #expect(
                bench.object(NorthboundSchema.self, NorthboundSchema.singleton) == NorthboundSchema(hasTiers: hasTiers))
            #expect(bench.changeCount == 1)
        }
    }

    @Test func aLostConnectionChangesNoSchemaAndAnotherSchemaDoes() async throws {
        let bench = try FeedBench(.northbound) { NorthboundFeed($0) }
        await bench.until { $0.hasListed && $0.failures.isEmpty }
        bench.server.stop(9)
        await bench.until { !$0.failures.isEmpty }
        try bench.server.start()
        await bench.until { $0.failures.isEmpty }
        #expect(bench.changeCount == 1)
        bench.server.stop()
        await bench.until { !$0.failures.isEmpty }
        #expect(
            bench.object(NorthboundSchema.self, NorthboundSchema.singleton) == NorthboundSchema(hasTiers: false))
        try bench.server.convert(schema: NewerSchema.tiers)
        try bench.server.start()
        await bench.until { $0.failures.isEmpty }
        // In its place, without being gone in between.
        #expect(bench.changeCount == 2)
        #expect(
            bench.object(NorthboundSchema.self, NorthboundSchema.singleton) == NorthboundSchema(hasTiers: true))
    }
}
