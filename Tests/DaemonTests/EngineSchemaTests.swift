import Core
import Feeds
import Logging
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing
import Vocabulary

@testable import Daemon

/// The node's modules, the feed and the plane of the northbound database, on a real server.
@Suite(.timeLimit(.minutes(3))) struct EngineSchemaTests {
    /// A pod, and a policy of each kind about it; the administrator's passes something on.
    private var objects: [any Kind] {
        let networks = ["10.244.2.0/24", "10.244.2.5/24", "10.244.0.0/16", "100.88.0.2/16"].compactMap { IPNetwork($0) }
        let pods = AdminRules.Pods()
        return [
            LocalNode(nodeName: "n1", datapath: .netdev), OVSSystem(systemID: "chassis-n1"),
            ClusterNetwork(
                families: [.v4], clusterSubnets: [.init(networks[2], hostPrefix: 24)], serviceNetworks: [],
                joinSubnets: ByFamily { _ in nil }, transitSubnets: ByFamily { _ in nil },
                masqueradeSubnets: ByFamily { _ in nil }),
            Node(
                name: "n1",
                annotations: [
                    NodeID.key: "2", NodeSubnets.key: NodeSubnets([networks[0]]).text, ChassisID.key: "chassis-n1",
                    TransitAddresses.key: TransitAddresses(ByFamily { $0 == .v4 ? networks[3] : nil }).text,
                    EncapsulationAddresses.key: EncapsulationAddresses([networks[1].address]).text,
                ]),
            Namespace(name: "shop", annotations: ["k8s.ovn.org/multicast-enabled": "true"]),
            Pod(
                namespace: "shop", name: "web", uid: "1",
                annotations: [
                    PodNetworks.key: PodNetworks(
                        PodNetworkAssignment(addresses: [networks[1]], mac: MACAddress(number: 5))
                    ).text
                ], nodeName: "n1"),
            NetworkPolicy(namespace: "shop", name: "deny"),
            AdminNetworkPolicy(
                name: "admin", priority: 1,
                rules: AdminRules(subject: pods, ingress: [.init(.pass, [.pods(pods)]), .init(.deny, [.pods(pods)])])),
            BaselineAdminNetworkPolicy(rules: AdminRules(subject: pods, ingress: [.init(.deny, [.pods(pods)])])),
        ]
    }

    /// Runs until all that is wanted is confirmed; `ACTION,PRIORITY,TIER` of the server's rules, each once.
    private func rules(_ server: DatabaseServer) async throws -> [String] {
        let database = Database(name: "OVN_Northbound", endpoint: server.endpoint)
        let plane = OVSDBPlane(name: PlaneName.northbound, database: database, tables: Table.northbound)
        let (changes, _) = AsyncStream.makeStream(of: [any Kind].self)
        let feeds: [any Feed] = [ConfigurationFeed(objects: objects, changes: changes), NorthboundFeed(database)]
        let scheduler = try Scheduler(log: Logger(label: "test")) { [objects] in
            let engine = Engine(scope: .node, order: BuiltinModules.manifests.map(\.name))
            engine.expect(feed: "configuration", kinds: objects.map { type(of: $0) })
            engine.expect(feed: "northbound", kinds: [NorthboundSchema.self])
            engine.attach(plane: plane.name)
            for module in ["pod-network", "network-policy", "multicast"] {
                try BuiltinModules.enable(module, in: engine)
            }
            return engine
        }
        let tasks = [
            Task { await database.run() },
            Task { _ = try? await scheduler.run(feeds: feeds, planes: [plane]) },
        ]
        defer { for task in tasks { task.cancel() } }
        let refused = await scheduler.first { [objects] engine, state -> [RowID: String]? in
            guard state.isStarted, objects.allSatisfy({ engine.isSettled($0.id) }) else { return nil }
            return state.planes[plane.name]?.refused
        }
        #expect(refused == [:])
        let columns = ["action", "priority"] + (database.hasTiers ? ["tier"] : [])
        return try DatabaseServer.run(
            "/usr/bin/ovsdb-client",
            ["--format=csv", "--no-headings", "dump", "unix:\(server.socket)", "OVN_Northbound", "ACL"] + columns
        ).split(separator: "\n").dropFirst().map(String.init).sorted()
    }

    @Test func aServerWithTiersGetsRulesInTiers() async throws {
        let server = try DatabaseServer(.northbound, schema: NewerSchema.tiers)
        try server.initialise()
        #expect(
            try await rules(server) == [
                "allow,1001,2", "allow,1012,2", "allow-related,1001,2", "drop,1000,2", "drop,1011,2", "drop,1750,3",
                "drop,29999,1", "pass,30000,1",
            ])
    }

    @Test func aServerWithoutTiersGetsOneOrder() async throws {
        let server = try DatabaseServer(.northbound)
        try server.initialise()
        // What the administrator denies below the Pass is all passed on: nothing of it is left.
        #expect(
            try await rules(server) == [
                "allow,1001", "allow,1012", "allow-related,1001", "drop,1000", "drop,1011", "drop,900",
            ])
    }
}

extension Database {
    fileprivate var hasTiers: Bool { read { $0.schema?.tables["ACL"]?.columns["tier"] } != nil }
}
