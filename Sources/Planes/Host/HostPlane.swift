public import Core
import Linux
import Model

/// Realises the rows of the plane `host` in the kernel of this machine: pods' links, addresses, routes, rules,
/// neighbours, settings, netfilter.
///
/// The first delta is compared with all that is there; what is right already is left as it is. After that the plane
/// applies differences, and puts right what others change: at once where the kernel brings news, and by a look at
/// everything every `audit`.
public final class HostPlane: AuditedPlane {
    public let name = PlaneName.host

    public struct Configuration: Sendable {
        /// The path of the network namespace to work in; nil for the process's own.
        public var namespace: String?
        /// Where `ovs-vswitchd.pid` is.
        public var ovsDirectory: String
        public var audit: Duration

        public init(
            namespace: String? = nil, ovsDirectory: String = "/run/openvswitch", audit: Duration = .seconds(20)
        ) {
            self.namespace = namespace
            self.ovsDirectory = ovsDirectory
            self.audit = audit
        }
    }

    private let configuration: Configuration
    private let waker: Waker
    private let inbox: Inbox
    private let counter = WriteCounter()
    /// Looked up before any plane is told anything: the bridges may be gone as soon as the switch's plane is.
    private let carriers: [RowID: UplinkPart.Carrier]

    public init(_ configuration: Configuration = Configuration()) throws {
        self.configuration = configuration
        let waker = try Waker()
        self.waker = waker
        inbox = Inbox { waker.wake() }
        let counter = counter
        let look: @Sendable () throws -> [RowID: UplinkPart.Carrier] = {
            try UplinkPart.carriers(Kernel(writes: counter))
        }
        carriers = try configuration.namespace.map { try NetworkNamespace(path: $0).run(look) } ?? look()
    }

    /// How often the plane has changed something on the machine.
    public var writes: Int { counter.value }

    public func audit() async -> Audit? { await inbox.audit() }

    public func apply(_ delta: Delta) { inbox.put(delta) }

    public func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {
        try await waker.runThread { [self] in
            defer { inbox.disappoint() }
            if let path = configuration.namespace { try NetworkNamespace(path: path).enter() }
            let worker = try HostWorker(
                ovsDirectory: configuration.ovsDirectory, carriers: carriers, writes: counter)
            let events = try HostEvents(ovsDirectory: configuration.ovsDirectory)
            report(.connected(plane: name, true))
            try loop(worker, events, report)
        }
    }

    private func loop(
        _ worker: HostWorker, _ events: HostEvents, _ report: @Sendable (PlaneReport) -> Void
    ) throws {
        let clock = ContinuousClock()
        var nextAudit = clock.now + configuration.audit
        var nextTry = clock.now
        var refused: [RowID: String] = [:]
        while true {
            let deadline = worker.hasRefusedRows ? min(nextAudit, nextTry) : nextAudit
            let news = waker.wait(for: events.descriptors, timeout: deadline - clock.now)
            // News comes in bunches, and nobody waits for it as pods wait for a delta, which ends this wait.
            if !news.isEmpty, !inbox.hasDeltas { _ = waker.wait(timeout: .milliseconds(10)) }
            if waker.isCancelled { return }
            var parts = try worker.take(events)
            var turn: UInt64?
            for delta in inbox.takeDeltas() {
                parts.formUnion(worker.take(delta))
                turn = delta.turn
            }
            let askers = inbox.takeAskers()
            var found: Audit?
            defer { askers.forEach { $0.resume(returning: found) } }
            guard worker.isStarted else { continue }
            let isAudit = clock.now >= nextAudit || !askers.isEmpty
            let writesBefore = writes
            if isAudit { nextAudit = clock.now + configuration.audit }
            if clock.now >= nextTry, worker.hasRefusedRows { parts.formUnion(.cheap) }
            if isAudit { parts = .all }
            if !parts.isEmpty {
                nextTry = clock.now + .seconds(1)
                let result = worker.round(parts, thorough: isAudit)
                if !result.repaired.isEmpty { report(.repaired(plane: name, rows: result.repaired)) }
                if result.refused != refused { report(.refused(plane: name, rows: result.refused)) }
                refused = result.refused
                found = Audit(differences: result.written, writes: writes - writesBefore)
            }
            if let turn { report(.confirmed(plane: name, turn: turn)) }
        }
    }
}
