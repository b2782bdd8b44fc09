public import Core
import Logging
import Model
import Vocabulary

/// Why a daemon does not start: modules that cannot work on this node.
public struct StartRefusal: Error, Sendable {
    public let problems: [Problem]
}

/// Why a daemon ends while it works: a plane has failed, and with it its copy of the table is lost. It would take the
/// next difference for the whole; a new daemon compares everything.
public struct PlaneFailure: Error, Hashable, Sendable {
    public let plane: String
    public let reason: String
}

/// Runs the core: takes what feeds bring, lets it settle in turns, and hands each plane its difference.
///
/// The engine is synchronous and lives in this actor alone.
public actor Scheduler {
    let engine: Engine
    private var planes: [any Plane] = []
    private let mailbox = Mailbox()
    private let log: Logger
    private var waiting: [Int: Waiting] = [:]
    private var lastWaiting = 0
    /// The problems that were logged last, so that each is logged once when it comes and once when it goes.
    private var logged: Set<String> = []
    /// The problems that were given to the core as objects.
    private var told: [ObjectID: ObjectProblems] = [:]
    private(set) var state = RunState()
    private var failure: PlaneFailure?

    /// - Parameter make: makes the engine with its modules enabled; called inside the actor, which owns it from then.
    public init(log: Logger, engine make: @Sendable () throws -> Engine) throws {
        engine = try make()
        self.log = log
    }

    /// Works until its task is cancelled. What the planes have put in place stays.
    ///
    /// Throws `StartRefusal` when a module cannot work on this node at all, before any plane has been told anything,
    /// and `PlaneFailure` when a plane fails later.
    public func run(feeds: [any Feed], planes: [any Plane]) async throws {
        self.planes = planes
        for plane in planes { state.planes[plane.name] = .init() }
        for feed in feeds { state.feeds[feed.name] = .init() }
        var refusal: (any Error)?
        await withTaskGroup(of: Void.self) { group in
            let mailbox = mailbox
            let log = log
            for plane in planes {
                group.addTask {
                    await keepGoing("plane \(plane.name)", log) {
                        do {
                            try await plane.run { mailbox.add(.report($0)) }
                            if !Task.isCancelled { throw DaemonFailure("it ended by itself") }
                        } catch {
                            try await self.mayGoOn(plane, after: error)
                            throw error
                        }
                    }
                }
            }
            for feed in feeds {
                let listing = FeedListing { mailbox.add(.event($0)) }
                group.addTask {
                    await keepGoing("feed \(feed.name)", log) {
                        listing.begin()
                        try await feed.run(listing.take)
                    }
                }
            }
            for await _ in mailbox.news {
                refusal = step()
                if refusal != nil { break }
            }
            group.cancelAll()
        }
        if let refusal { throw refusal }
    }

    /// Before the first delta there is nothing to lose, and a plane that fails is tried again. After it, a plane that
    /// has failed must not see another one.
    private func mayGoOn(_ plane: any Plane, after error: any Error) throws {
        guard state.isStarted, !Task.isCancelled else { return }
        failure = failure ?? PlaneFailure(plane: plane.name, reason: "\(error)")
        mailbox.ring()
        throw CancellationError()
    }

    private func step() -> (any Error)? {
        if let failure { return failure }
        for letter in mailbox.empty() {
            switch letter {
            case .event(let event): take(event)
            case .report(let report): take(report)
            }
        }
        var isChanged = false
        while engine.hasWork {
            let result = engine.turn()
            state.turn = result.turn
            isChanged = isChanged || result.problemsChanged
            if !state.isStarted, !result.deltas.isEmpty {
                let refusals = engine.problems().filter(isReasonNotToStart)
                guard refusals.isEmpty else { return StartRefusal(problems: refusals) }
                state.isStarted = true
                isChanged = true
            }
            for delta in result.deltas { planes.first { $0.name == delta.plane }?.apply(delta) }
            if !engine.hasWork, isChanged {
                isChanged = false
                tellProblems()
            }
        }
        wake()
        return nil
    }

    /// Without this node there is no network of it, and nothing good from before to keep: started so, the daemon would
    /// take away what still works.
    private func isReasonNotToStart(_ problem: Problem) -> Bool {
        guard let object = problem.object else { return false }
        let node = engine.object(LocalNode.self, "", LocalNode.singleton)?.nodeName ?? ""
        return object.kind == LocalNode.kind
            || object == Node.id("", node) && problem.what == .rejected
                && engine.object(NodeNetwork.self, "", node) == nil
    }

    private func take(_ event: FeedEvent) {
        switch event {
        case .listed(let feed): state.feeds[feed, default: .init()].listed = true
        case .failed(let feed, let failures):
            for failure in Set(failures).subtracting(state.feeds[feed]?.failures ?? []) {
                log.warning(
                    "\(failure.message)", metadata: ["source": "\(failure.source)", "reason": "\(failure.reason)"])
            }
            state.feeds[feed, default: .init()].failures = failures
        case .changes: break
        }
        engine.apply(event)
    }

    private func take(_ report: PlaneReport) {
        switch report {
        case .connected(let plane, let isConnected): state.planes[plane, default: .init()].isConnected = isConnected
        case .confirmed(let plane, let turn): state.planes[plane, default: .init()].confirmed = turn
        case .refused(let plane, let rows): state.planes[plane, default: .init()].refused = rows
        case .repaired(let plane, let rows):
            state.planes[plane, default: .init()].repairs += rows.count
            let more = rows.count > 5 ? " and \(rows.count - 5) more" : ""
            let some = rows.prefix(5).map(\.description).joined(separator: ", ")
            log.notice("put right after somebody else changed it: \(some)\(more)")
        }
        engine.report(report)
    }

    /// Logs what has become wrong and what is right again, and gives it back to the core as objects.
    private func tellProblems() {
        let problems = engine.problems()
        state.problems = problems.reduce(into: [:]) { all, problem in
            if let object = problem.object { all[object, default: []].append(problem) }
        }
        let objects = ObjectProblems.list(problems)
        let gone = told.keys.filter { objects[$0] == nil }
        let changes =
            gone.compactMap { told[$0].map { .remove($0.id) } }
            + objects.values.filter { told[$0.object] != $0 }.sorted { $0.name < $1.name }.map { ObjectChange.put($0) }
        told = objects
        if !changes.isEmpty { engine.apply(.changes(feed: "problems", changes, lane: .bulk)) }
        // What is missing while feeds are still listing is no problem yet.
        if state.isStarted { log(problems) }
    }

    private func log(_ problems: [Problem]) {
        var now: Set<String> = []
        for problem in problems {
            let text = "\(problem)"
            now.insert(text)
            if !logged.contains(text) { log.warning("\(text)") }
        }
        for gone in logged.subtracting(now) { log.info("no more: \(gone)") }
        logged = now
    }
}

/// What the scheduler knows of its surroundings, for status.
struct RunState: Sendable {
    struct FeedState: Sendable {
        var listed = false
        var failures: [FeedFailure] = []
    }

    struct PlaneState: Sendable {
        var isConnected = false
        var confirmed: UInt64 = 0
        var refused: [RowID: String] = [:]
        var repairs = 0
    }

    /// Whether the planes have been told anything: until then the daemon may still refuse to start.
    var isStarted = false
    var turn: UInt64 = 0
    var feeds: [String: FeedState] = [:]
    var planes: [String: PlaneState] = [:]
    /// What is wrong with objects.
    var problems: [ObjectID: [Problem]] = [:]
}

// MARK: - Waiting for a state of the engine

extension Scheduler {
    struct Waiting {
        /// Resumes its caller and returns true when what it waits for is there.
        let check: (Engine, RunState) -> Bool
        let cancel: () -> Void
    }

    /// The first value that `look` finds, after this or a later turn; nil when the task is cancelled first.
    func first<T: Sendable>(_ look: @escaping @Sendable (Engine, RunState) -> T?) async -> T? {
        if let value = look(engine, state) { return value }
        lastWaiting += 1
        let ticket = lastWaiting
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (caller: CheckedContinuation<T?, Never>) in
                if Task.isCancelled { return caller.resume(returning: nil) }
                waiting[ticket] = Waiting(
                    check: { engine, state in
                        guard let value = look(engine, state) else { return false }
                        caller.resume(returning: value)
                        return true
                    }, cancel: { caller.resume(returning: nil) })
            }
        } onCancel: {
            Task { await self.giveUp(ticket) }
        }
    }

    private func giveUp(_ ticket: Int) { waiting.removeValue(forKey: ticket)?.cancel() }

    private func wake() {
        for (ticket, one) in waiting where one.check(engine, state) { waiting[ticket] = nil }
    }

    /// How many wait.
    var waiters: Int { waiting.count }

    /// Asks the engine something at once.
    func ask<T: Sendable>(_ question: @Sendable (Engine, RunState) -> T) -> T { question(engine, state) }
}

/// Runs something for ever: when it fails it is logged and started again, later each time up to ten seconds.
private func keepGoing(_ what: String, _ log: Logger, _ run: @Sendable () async throws -> Void) async {
    var pause = Duration.milliseconds(100)
    while !Task.isCancelled {
        let start = ContinuousClock.now
        do { try await run() } catch is CancellationError { return } catch {
            log.error("\(what): \(error); starting it again")
        }
        if ContinuousClock.now - start > .seconds(10) { pause = .milliseconds(100) }
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(10))
    }
}

// MARK: - Switching modules

extension Scheduler {
    /// Switches a module on or off; its rows come or go in the next turn, and no others.
    func toggle(_ name: String, on: Bool) throws(Rejection) {
        guard BuiltinModules.manifests.contains(where: { $0.name == name }) else {
            let hint = nearest(to: name, in: BuiltinModules.manifests.map(\.name)).map { "; did you mean \($0)?" } ?? ""
            throw Rejection("NoSuchModule", "there is no module \(name)\(hint)")
        }
        if on, !engine.enabledModules.contains(name) {
            try BuiltinModules.enable(name, in: engine)
        } else if !on {
            engine.disable(module: name)
        }
        mailbox.ring()
    }
}
