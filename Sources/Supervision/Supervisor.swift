import Glibc
public import Linux

/// Starts services in order, keeps them running, and finds those again that an earlier supervisor left running.
///
/// A cancelled `run` leaves them as they are; `stop` ends them.
public actor Supervisor {
    private let services: [SupervisedProcess]
    private let namespace: NetworkNamespace?
    private let report: @Sendable (SupervisionEvent) -> Void
    private var processes: [String: RunningProcess] = [:]
    private var table: [String: ServiceState] = [:]
    private var isStopping = false

    /// `namespace` is where they run; nil for where the caller is.
    public init(
        _ services: [SupervisedProcess], in namespace: NetworkNamespace? = nil,
        report: @escaping @Sendable (SupervisionEvent) -> Void = { _ in }
    ) {
        self.services = services
        self.namespace = namespace
        self.report = report
    }

    /// In the order of start.
    public var states: [ServiceState] { services.compactMap { table[$0.name] } }

    /// Starts what does not run, and keeps all running until the task is cancelled or `stop` is called.
    ///
    /// `started` is called when every service is ready for the first time.
    public func run(started: @Sendable () -> Void = {}) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services {
                let process = try await first(service)
                group.addTask { try await self.keep(service, process) }
            }
            group.addTask { try await self.cutLogs() }
            started()
            for _ in services { try await group.next() }
            group.cancelAll()
        }
    }

    /// Ends all services, the last one first, and waits until they are gone.
    ///
    /// - Parameter onlyStarted: leaves those alone that ran before this supervisor came.
    public func stop(onlyStarted: Bool = false) async {
        isStopping = true
        for service in services.reversed() {
            if onlyStarted, processes[service.name]?.isAdopted != false { continue }
            guard let process = processes.removeValue(forKey: service.name) ?? adopted(service) else { continue }
            try? await onThread { process.stop(service) }
            table[service.name]?.phase = .stopped
            table[service.name]?.pid = nil
            report(.stopped(service.name))
        }
    }

    private func adopted(_ service: SupervisedProcess) -> RunningProcess? {
        (try? RunningProcess.adopt(service)) ?? nil
    }

    /// The first start: nil when it failed, which `keep` repeats.
    private func first(_ service: SupervisedProcess) async throws -> RunningProcess? {
        table[service.name] = ServiceState(name: service.name, since: time(nil))
        do { return try await start(service) } catch {
            try Task.checkCancellation()
            note(service, failure: "\(error)")
            return nil
        }
    }

    private func keep(_ service: SupervisedProcess, _ first: RunningProcess?) async throws {
        var process = first
        var backOff = BackOff()
        while !isStopping {
            if let process {
                let began = ContinuousClock.now
                guard let reason = try await process.end() else { throw CancellationError() }
                if isStopping { return }
                note(service, end: reason)
                if began.duration(to: .now) > .seconds(10) { backOff = BackOff() }
            }
            process = nil
            try await Task.sleep(for: backOff.next())
            if isStopping { return }
            do { process = try await start(service) } catch {
                try Task.checkCancellation()
                note(service, failure: "\(error)")
            }
        }
    }

    private func start(_ service: SupervisedProcess) async throws -> RunningProcess {
        let namespace = namespace
        // What was started and then did not settle still runs, and is ours to end.
        let known = processes[service.name]
        let process = try await onThread {
            if let known, !known.isOver() { return known }
            return try RunningProcess.adopt(service) ?? RunningProcess.start(service, in: namespace)
        }
        processes[service.name] = process
        table[service.name]?.pid = process.pid
        table[service.name]?.since = time(nil)
        report(process.isAdopted ? .adopted(service.name, pid: process.pid) : .started(service.name, pid: process.pid))
        if let file = service.readyFile { try await FileWait.until(file, within: .seconds(10)) }
        try await onThread { try service.settle() }
        table[service.name]?.phase = .running
        return process
    }

    private func note(_ service: SupervisedProcess, end reason: String) {
        processes[service.name] = nil
        table[service.name]?.phase = .waiting
        table[service.name]?.pid = nil
        table[service.name]?.restarts += 1
        table[service.name]?.lastEnd = reason
        report(.ended(service.name, reason: reason))
    }

    private func note(_ service: SupervisedProcess, failure reason: String) {
        table[service.name]?.phase = .waiting
        table[service.name]?.lastEnd = reason
        report(.failed(service.name, reason: reason))
    }

    private func cutLogs() async throws {
        let files = services.flatMap { [$0.outputFile] + $0.logFiles }
        while !isStopping {
            try await Task.sleep(for: .seconds(30))
            try await onThread { files.forEach { LogFile.cut($0) } }
        }
    }
}

/// How long to wait before a service is started again: nothing at first, then up to five seconds.
struct BackOff {
    private var delay = Duration.zero

    mutating func next() -> Duration {
        defer { delay = delay == .zero ? .milliseconds(100) : min(delay * 2, .seconds(5)) }
        return delay
    }
}
