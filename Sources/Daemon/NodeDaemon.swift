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
    public func runNode(supervise: Bool) async throws {
        let run = configuration.daemon.runDirectory
        try Files.makeDirectory(run)
        let engine = supervise
            ? NodeEngine(
                .init(
                    directory: "\(run)/engine", systemID: configuration.node.nodeName,
                    hostname: configuration.node.nodeName,
                    datapath: configuration.node.datapath == .netdev ? .userspace : .kernel)) : nil
        let paths = DaemonPaths(run: run, engine: engine)
        let log = log
        let supervisor = engine.map { engine in
            Supervisor(engine.services()) { log.info("\($0)") }
        }
        try await untilStopped {
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let supervisor { group.addTask { try await supervisor.run() } }
                group.addTask { try await serveNode(paths) { await supervisor?.states ?? [] } }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func serveNode(_ paths: DaemonPaths, states: @escaping @Sendable () async -> [ServiceState]) async throws {
        let databases = Databases(paths, log)
        let feeds = try nodeFeeds(paths, databases)
        let planes = try nodePlanes(paths, databases)
        let scheduler = try makeScheduler(.node, feeds: feeds, planes: planes.map(\.name) + [])
        let cni = CNIFeed(
            socket: paths.cni, stateDirectory: paths.attachments, resolver: PodAttachments(scheduler: scheduler))
        let api = ControlAPI(role: "node", name: configuration.node.nodeName, scheduler: scheduler) {
            await states().map(Report.process)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await databases.run() }
            group.addTask { try await LocalServer(socket: paths.control, handler: api.answer).run() }
            group.addTask { try await writeCNIConfiguration(when: scheduler) }
            group.addTask { try await scheduler.run(feeds: feeds.map(\.feed) + [cni], planes: planes) }
            try await group.waitForAll()
        }
    }
}
