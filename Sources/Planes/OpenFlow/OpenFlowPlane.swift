public import Core
import Linux
import Synchronization

/// Realises the rows of the plane `of`: the flows of bridges.
///
/// At start, after a restart of the switch, when a bridge has fewer of them than it should, and every `audit` the flows
/// are read back and compared; in between only differences are sent. Flows of others, known by their cookie, are left alone, except on bridges that are wholly
/// ours. A bridge that is not there is waited for.
public final class OpenFlowPlane: AuditedPlane {
    public let name = PlaneName.openflow

    public struct Configuration: Sendable {
        /// Where the switch has its sockets and its pid file.
        public var ovsDirectory: String
        /// Whether all flows of a bridge are ours. Its own default flow is then replaced, and comes back when no row
        /// speaks of the bridge any more.
        public var ownsAllFlows: @Sendable (_ bridge: String) -> Bool
        public var audit: Duration

        public init(
            ovsDirectory: String = "/run/openvswitch",
            ownsAllFlows: @escaping @Sendable (_ bridge: String) -> Bool = { _ in false },
            audit: Duration = .seconds(20)
        ) {
            self.ovsDirectory = ovsDirectory
            self.ownsAllFlows = ownsAllFlows
            self.audit = audit
        }
    }

    private let configuration: Configuration
    private let waker: Waker
    private let inbox: Inbox
    private let counter = Atomic<Int>(0)

    public init(_ configuration: Configuration = Configuration()) throws {
        self.configuration = configuration
        let waker = try Waker()
        self.waker = waker
        inbox = Inbox { waker.wake() }
    }

    /// How many bundles the plane has sent.
    public var writes: Int { counter.load(ordering: .relaxed) }

    public func audit() async -> Audit? { await inbox.audit() }

    public func apply(_ delta: Delta) { inbox.put(delta) }

    public func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {
        try await waker.runThread { [self] in
            defer { inbox.disappoint() }
            let worker = OpenFlowWorker(
                OpenFlowTool(directory: configuration.ovsDirectory), owns: configuration.ownsAllFlows)
            try loop(worker, try SwitchEvents(directory: configuration.ovsDirectory), report)
        }
    }

    private static let shortPause = Duration.milliseconds(25)

    private func loop(
        _ worker: OpenFlowWorker<some FlowSink>, _ events: SwitchEvents, _ report: @Sendable (PlaneReport) -> Void
    ) throws {
        let clock = ContinuousClock()
        var nextAudit = clock.now + configuration.audit
        var nextLook = clock.now
        var pause = Self.shortPause
        var said = (refused: [RowID: String](), isConnected: false)
        var turn: UInt64?
        // What has to be compared, until it has been: a switch that does not answer in between takes nothing off it.
        var concerned: Set<String> = []
        while true {
            let mustLook = worker.isWaiting || worker.followsPorts || worker.watches
            let deadline = mustLook ? min(nextAudit, nextLook) : nextAudit
            _ = waker.wait(for: events.descriptors, timeout: deadline - clock.now)
            if waker.isCancelled { return }
            concerned.formUnion(takeNews(events, worker))
            for delta in inbox.takeDeltas() {
                concerned.formUnion(worker.take(delta))
                turn = delta.turn
            }
            let askers = inbox.takeAskers()
            var found: Audit?
            defer { askers.forEach { $0.resume(returning: found) } }
            guard worker.isStarted else { continue }
            if clock.now >= nextAudit || !askers.isEmpty {
                nextAudit = clock.now + configuration.audit
                for bridge in worker.bridges { worker.distrust(bridge) }
                concerned.formUnion(worker.bridges)
            }
            do {
                if clock.now >= nextLook || !concerned.isEmpty {
                    let began = clock.now
                    nextLook =
                        clock.now
                        + (worker.isWaiting
                            ? .milliseconds(250)
                            : worker.hasLearned ? .milliseconds(500) : .seconds(worker.watches ? 1 : 2))
                    if worker.watches { concerned.formUnion(try worker.lookForLosses()) }
                    // With thousands of clients to look at, not all the time.
                    nextLook = max(nextLook, clock.now + (clock.now - began) * 10)
                    if worker.followsPorts { concerned.formUnion(try worker.refreshPorts()) }
                    concerned.formUnion(worker.openBridges)
                }
                let writesBefore = writes
                let result = try worker.round(concerned)
                concerned = []
                counter.store(worker.writes, ordering: .relaxed)
                if !result.repaired.isEmpty { report(.repaired(plane: name, rows: result.repaired)) }
                if result.refused != said.refused { report(.refused(plane: name, rows: result.refused)) }
                if result.isConnected != said.isConnected {
                    report(.connected(plane: name, result.isConnected))
                }
                said = (result.refused, result.isConnected)
                // A port that flows wait for mostly comes soon.
                pause = worker.waits ? min(pause * 2, .seconds(1)) : Self.shortPause
                if worker.waits { nextLook = min(nextLook, clock.now + pause) }
                if result.isConnected { found = Audit(differences: result.written, writes: writes - writesBefore) }
            } catch {
                // The switch went away in the middle; the bridge is open and tried again.
                if said.isConnected { report(.connected(plane: name, false)) }
                said.isConnected = false
                continue
            }
            if let done = turn { report(.confirmed(plane: name, turn: done)) }
            turn = nil
        }
    }

    /// Bridges whose socket has come or gone.
    private func takeNews(_ events: SwitchEvents, _ worker: OpenFlowWorker<some FlowSink>) -> Set<String> {
        var concerned: Set<String> = []
        for bridge in events.changed() ?? worker.bridges where worker.bridges.contains(bridge) {
            worker.distrust(bridge)
            concerned.insert(bridge)
        }
        return concerned
    }
}
