import CNI
import Control
import Core
import Feeds
import Linux
import Logging
import Model
import OVSDB
import Planes
import Supervision
import Vocabulary

extension DaemonProcess {
    /// The daemon of a node: its zone's databases, its bridges, its host, its pods.
    ///
    /// - Parameter supervise: starts the node's own Open vSwitch and OVN, and keeps them running.
    public func runNode(supervise: Bool) async throws {
        let node = configuration.node
        let run = configuration.daemon.runDirectory
        try Files.makeDirectory(run)
        let lock = try RunLock(directory: run)
        defer { withExtendedLifetime(lock) {} }
        guard supervise else {
            let parts = try nodeParts(DaemonPaths(run: run)) { [] }
            return try await untilStopped { try await serve(parts) {} }
        }
        let engine = NodeEngine(
            .init(
                directory: "\(run)/engine", systemID: node.nodeName, hostname: node.nodeName,
                datapath: node.datapath == .netdev ? .userspace : .kernel))
        let log = log
        let databases = Supervisor(engine.databases()) { log.info("\($0)") }
        let daemons = Supervisor(engine.daemons(bridge: Topology.integrationBridge)) { log.info("\($0)") }
        let parts = try nodeParts(DaemonPaths(run: run, engine: engine)) { await databases.states + daemons.states }
        do {
            try await untilStopped {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await databases.run() }
                    // The daemons begin to change the machine, so they come after all reasons to refuse.
                    group.addTask { try await serve(parts) { try await daemons.run() } }
                    try await group.next()
                    group.cancelAll()
                }
            }
        } catch {
            // What ran before goes on, and what has begun to work too: it may carry the packets of pods.
            if await !parts.scheduler.state.isStarted { await databases.stop(onlyStarted: true) }
            throw error
        }
    }

    /// What a node's daemon is made of.
    private struct NodeParts {
        let paths: DaemonPaths
        let databases: Databases
        let flows: OpenFlowPlane
        let changes: AsyncStream<[any Kind]>.Continuation
        let feeds: [any Feed]
        let planes: [any Plane]
        let scheduler: Scheduler
        let api: ControlAPI
    }

    private func nodeParts(
        _ paths: DaemonPaths, processes: @escaping @Sendable () async -> [ServiceState]
    ) throws -> NodeParts {
        let databases = try Databases(paths, configuration.daemon, configuration.node.datapath, log)
        let flows = try OpenFlowPlane(.init(ovsDirectory: paths.switchDirectory))
        let host = try HostPlane(.init(ovsDirectory: paths.switchDirectory))
        let planes =
            try databases.planes + [host, flows, AnswerPlane()] + statusPlanes(writer: configuration.node.nodeName)
        var node = configuration.node
        node.controller.southbound = paths.southbound(configuration.daemon.southbound)
        let (changes, change) = AsyncStream.makeStream(of: [any Kind].self)
        var feeds = baseFeeds(node, changes) + databases.feeds
        feeds.append(ExpectedFeed(NetlinkFeed(), Link.self, LinkAddress.self, Route.self))
        let scheduler = try makeScheduler(.node, feeds, planes, expecting: ["cni": [Attachment.self]])
        let times = StartTimes()
        let cni = CNIFeed(
            socket: paths.cni, stateDirectory: paths.attachments,
            resolver: PodAttachments(scheduler: scheduler, node: configuration.node.nodeName, times: times))
        let api = ControlAPI(
            role: "node", name: configuration.node.nodeName, scheduler: scheduler, times: times,
            planes: planes,
            packets: PacketQuestion(
                scheduler: scheduler,
                northbound: DatabaseAccess(
                    address: paths.northbound(configuration.daemon.northbound),
                    certificates: configuration.daemon.northbound.certificates),
                southbound: DatabaseAccess(
                    address: paths.southbound(configuration.daemon.southbound),
                    certificates: configuration.daemon.southbound.certificates))
        ) {
            await processes().map(Report.process)
        }
        return NodeParts(
            paths: paths, databases: databases, flows: flows, changes: change, feeds: feeds.map(\.feed) + [cni],
            planes: planes, scheduler: scheduler, api: api)
    }

    private func serve(_ parts: NodeParts, whenStarted: @escaping @Sendable () async throws -> Void) async throws {
        let (paths, scheduler) = (parts.paths, parts.scheduler)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await parts.databases.run(flows: parts.flows) }
            group.addTask { try await LocalServer(socket: paths.control, handler: parts.api.answer).run() }
            group.addTask { try await announceReadiness(scheduler, cniSocket: paths.cni) }
            group.addTask { await reload(scheduler, parts.changes) }
            group.addTask { try await scheduler.run(feeds: parts.feeds, planes: parts.planes) }
            group.addTask {
                guard await scheduler.first({ _, state in state.isStarted ? true : nil }) != nil else { return }
                try await whenStarted()
            }
            // The first that fails ends the others.
            for try await _ in group {}
        }
    }

    /// Writes the runtime's configuration last: until it is there, the runtime knows the node to be not ready.
    private func announceReadiness(_ scheduler: Scheduler, cniSocket: String) async throws {
        let name = configuration.node.nodeName
        let isReady = await scheduler.first { engine, state in
            engine.whatIsMissing(of: name, state) == nil ? true : nil
        }
        guard isReady == true else { return }
        let daemon = configuration.daemon
        let text = JSON.object(
            JSONObject([
                ("cniVersion", .string(daemon.cniVersion)), ("name", "ovn-kubernetes"),
                ("type", .string(daemon.cniPlugin)), ("socket", .string(cniSocket)),
            ])
        ).text(.pretty)
        try Files.makeDirectory(daemon.cniDirectory)
        try AtomicFile.write(text.utf8, to: "\(daemon.cniDirectory)/10-ovn-kubernetes.conf")
        log.info("the node's network is ready")
    }
}

extension DaemonProcess {
    /// The cluster manager: ids and subnets of nodes.
    public func runCluster() async throws {
        let run = configuration.daemon.runDirectory
        try Files.makeDirectory(run)
        let lock = try RunLock(directory: run)
        defer { withExtendedLifetime(lock) {} }
        let paths = DaemonPaths(run: run)
        let (changes, change) = AsyncStream.makeStream(of: [any Kind].self)
        let feeds = baseFeeds(configuration.node, changes)
        let planes = try statusPlanes(writer: "cluster-manager")
        let scheduler = try makeScheduler(.cluster, feeds, planes)
        let api = ControlAPI(
            role: "cluster", name: "cluster-manager", scheduler: scheduler, times: StartTimes(), planes: planes,
            packets: nil
        ) { [] }
        try await untilStopped {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await LocalServer(socket: paths.control, handler: api.answer).run() }
                group.addTask { await reload(scheduler, change) }
                group.addTask { try await scheduler.run(feeds: feeds.map(\.feed), planes: planes) }
                for try await _ in group {}
            }
        }
    }
}

/// A feed with the kinds that the core may expect of it.
struct ExpectedFeed: Sendable {
    let feed: any Feed
    let kinds: [any Kind.Type]

    init(_ feed: any Feed, _ kinds: any Kind.Type...) { self.init(feed, kinds) }

    init(_ feed: any Feed, _ kinds: [any Kind.Type]) {
        self.feed = feed
        self.kinds = kinds
    }
}

extension DaemonProcess {
    /// The configuration and the manifests, which both daemons read.
    private func baseFeeds(_ node: LocalNode, _ changes: AsyncStream<[any Kind]>) -> [ExpectedFeed] {
        let objects: [any Kind] = [configuration.cluster, node] + configuration.moduleSettings
        return [
            ExpectedFeed(
                ConfigurationFeed(objects: objects, changes: changes), objects.map { type(of: $0) }),
            ExpectedFeed(
                ManifestFeed(
                    directories: configuration.daemon.manifests,
                    overlays: configuration.daemon.statusDirectory.map { [$0] } ?? [],
                    memory: "\(configuration.daemon.runDirectory)/manifests"),
                KindDecoder.base.map(\.type)),
        ]
    }

    private func statusPlanes(writer: String) throws -> [any Plane] {
        guard let directory = configuration.daemon.statusDirectory else { return [] }
        return [try StatusPlane(FileStatusStore(directory: directory, writer: writer))]
    }

    private func makeScheduler(
        _ scope: Engine.Role, _ feeds: [ExpectedFeed], _ planes: [any Plane],
        expecting more: [String: [any Kind.Type]] = [:]
    ) throws -> Scheduler {
        let modules = BuiltinModules.manifests.map(\.name)
        let chosen = modules.filter(configuration.isOn)
        return try Scheduler(log: log) {
            let engine = Engine(scope: scope, order: modules)
            engine.companions = companions
            for feed in feeds { engine.expect(feed: feed.feed.name, kinds: feed.kinds) }
            for (feed, kinds) in more { engine.expect(feed: feed, kinds: kinds) }
            for plane in planes { engine.attach(plane: plane.name) }
            for module in chosen { try BuiltinModules.enable(module, in: engine) }
            engine.expect(feed: "problems", kinds: [ObjectProblems.self])
            engine.apply(.listed(feed: "problems"))
            // A manifest says what a module reads in both roles; only the node has feeds for all of it.
            if scope == .node, let missing = engine.missing().first { throw DaemonFailure(missing.message) }
            return engine
        }
    }
}

/// An attachment is no use without its pod: what waits of it goes into the same turn.
@Sendable private func companions(of object: any Kind) -> [ObjectID] {
    guard let attachment = object as? Attachment else { return [] }
    return [
        Pod.id(attachment.podNamespace, attachment.podName),
        ObjectID(kind: Namespace.kind, name: attachment.podNamespace),
    ]
}
