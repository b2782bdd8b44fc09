import Glibc
import Linux
import Synchronization

/// Datagrams that keep coming for as long as they are wanted: for each probe on one old connection, and on ever new
/// ones, as clients do that try again and again.
final class SteadyTraffic: Sendable {
    struct Flow: Hashable, Sendable {
        let probe: Probe
        let isNew: Bool
    }

    private let answers = Mutex<[Flow: ContinuousClock.Instant]>([:])
    private let isStopped = Atomic(false)
    let flows: [Flow]

    /// Begins to send; goes on while the body runs.
    static func run<T>(_ probes: [Probe], _ prober: Prober, _ body: (SteadyTraffic) async throws -> T) async throws -> T
    {
        let traffic = SteadyTraffic(probes)
        let sources = Dictionary(grouping: probes, by: \.from)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for (from, list) in sources {
                guard let place = prober.places[from] else { continue }
                group.addTask {
                    try await onThread {
                        try place.namespace.enter()
                        try traffic.send(list, prober.places)
                    }
                }
            }
            defer { traffic.isStopped.store(true, ordering: .relaxed) }
            return try await body(traffic)
        }
    }

    private init(_ probes: [Probe]) {
        flows = probes.flatMap { [Flow(probe: $0, isNew: true), Flow(probe: $0, isNew: false)] }
    }

    /// Those that were answered after a moment.
    func answered(since moment: ContinuousClock.Instant) -> Set<Flow> {
        answers.withLock { answers in Set(flows.filter { answers[$0].map { $0 > moment } ?? false }) }
    }

    private final class Line {
        let probe: Probe
        let old: Held
        /// The youngest last.
        var new: [Held] = []
        init(_ probe: Probe, _ old: Held) { (self.probe, self.old) = (probe, old) }
    }

    private final class Held {
        let socket: Socket
        init(_ socket: consuming Socket) { self.socket = socket }
    }

    private func send(_ probes: [Probe], _ places: [String: Prober.Place]) throws {
        var lines: [Line] = []
        func begin(_ probe: Probe) throws -> Held? {
            guard let address = places[probe.to]?.addresses[probe.family] else { return nil }
            return Held(try Socket.probe(.udp, to: address, port: probe.port))
        }
        for probe in probes { if let old = try begin(probe) { lines.append(Line(probe, old)) } }
        while !isStopped.load(ordering: .relaxed) {
            for line in lines {
                line.old.socket.askAgain()
                if let new = try begin(line.probe) { line.new.append(new) }
                // An answer takes less than what is kept.
                if line.new.count > 20 { line.new.removeFirst() }
            }
            usleep(10_000)
            for line in lines {
                note(line.probe, isNew: false, line.old.socket.isAnswered(.udp))
                note(line.probe, isNew: true, line.new.map { $0.socket.isAnswered(.udp) }.contains(true))
            }
        }
    }

    private func note(_ probe: Probe, isNew: Bool, _ isAnswered: Bool) {
        guard isAnswered else { return }
        answers.withLock { $0[Flow(probe: probe, isNew: isNew)] = .now }
    }
}
