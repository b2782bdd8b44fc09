import Glibc
import Linux
public import Model

/// Runs programs in the places of a lab and reads what they print: for checks and tests.
///
/// A place is `NS/POD`, `node:NAME` or `outside`. All of it blocks the calling thread.
public struct LabProbe: Sendable {
    public let paths: LabPaths
    public let record: LabRecord
    private let exec: LabExec

    public init(_ paths: LabPaths) throws(LabFailure) {
        guard let record = LabRecord(paths) else {
            throw LabFailure("lab \(paths.name) is not whole (Leftovers)", next: "ovenbird lab down \(paths.name)")
        }
        self.paths = paths
        self.record = record
        exec = LabExec(paths, record)
    }

    public func run(_ place: String, _ arguments: [String], deadline: Duration = .seconds(10)) throws -> Command.Outcome
    {
        let place = try exec.place(of: place)
        return try Command(
            place.prefix + arguments, deadline: deadline, in: try NetworkNamespace.named(place.namespace)
        ).outcome()
    }

    /// Starts a program that runs until it is stopped.
    public func start(_ place: String, _ arguments: [String]) throws -> ChildProcess {
        let place = try exec.place(of: place)
        return try NetworkNamespace.named(place.namespace).run {
            try ChildProcess(place.prefix + arguments, output: .null, errors: .null)
        }
    }

    /// Whether an echo request is answered within a few seconds.
    public func pings(_ from: String, _ to: IPAddress, within seconds: Int = 3) throws -> Bool {
        let family = to.family == .v4 ? "-4" : "-6"
        return try run(from, ["ping", family, "-n", "-q", "-c", "1", "-i", "0.2", "-w", "\(seconds)", "\(to)"])
            .succeeded
    }

    /// What a server says first on a TCP connection, or nil when there is none. One that refuses may have been started
    /// this moment, and is asked again for three seconds.
    public func asks(_ from: String, _ to: IPAddress, port: Int) throws -> String? {
        let server = to.family == .v4 ? "TCP4:\(to):\(port)" : "TCP6:[\(to)]:\(port)"
        let end = ContinuousClock.now + .seconds(3)
        while true {
            let outcome = try run(from, ["socat", "-T3", "-u", "\(server),connect-timeout=3", "-"])
            if outcome.succeeded { return outcome.output.split(separator: "\n").first.map(String.init) }
            guard outcome.errors.contains("refused"), ContinuousClock.now < end else { return nil }
            usleep(50_000)
        }
    }

    /// The addresses that a place is reached by.
    public func addresses(of place: String) throws -> [IPAddress] {
        if place == "outside" { return record.families.list.compactMap { IPAddress(LabRecord.outsideAddress($0)) } }
        if place.hasPrefix("node:") {
            let node = String(place.dropFirst(5))
            return record.families.list.compactMap { IPAddress(record.address(of: node, $0)) }
        }
        return try Labs.report(paths).pods.first { $0.key == place }?.addresses
            .compactMap { $0.split(separator: "/").first.flatMap { IPAddress($0) } } ?? []
    }
}
