import Glibc
import Linux
import Model

/// Makes a lab and waits until it works; what it made is removed again when it cannot, or is interrupted.
public struct LabUp: Sendable {
    let paths: LabPaths
    let record: LabRecord
    /// The command that runs the lab's supervisor: it must do what `LabRunner.run` does.
    let supervisor: [String]
    let timeout: Duration
    /// Leaves everything as it is on failure, to be looked at.
    let keep: Bool
    let progress: any LabProgress

    public init(
        _ paths: LabPaths, _ record: LabRecord, supervisor: [String], timeout: Duration, keep: Bool,
        progress: any LabProgress
    ) {
        self.paths = paths
        self.record = record
        self.supervisor = supervisor
        self.timeout = timeout
        self.keep = keep
        self.progress = progress
    }

    /// Returns when every node is ready and every pod has its network.
    public func run() async throws -> LabReport {
        try await step("host check") { try await onThread { try check() } }
        do {
            try await step("underlay") {
                try await onThread {
                    let underlay = Underlay(paths: paths, record: record)
                    try Files.makeDirectory(paths.directory)
                    try record.save(paths)
                    try underlay.make()
                    try NodeFiles(paths: paths, record: record).write()
                    return underlay.description
                }
            }
            try await start()
            return try await wait()
        } catch {
            if !keep { _ = await Task { try await onThread { try LabDown(paths).run() } }.result }
            throw error
        }
    }

    private func step(_ name: String, _ body: () async throws -> String) async throws {
        let began = ContinuousClock.now
        let detail = try await body()
        progress.done(name, detail, after: began.duration(to: .now))
        try Task.checkCancellation()
    }

    private func check() throws -> String {
        let host = try HostCheck().run()
        guard Files.list(record.manifests) != nil else {
            throw LabFailure("there is no directory \(record.manifests) (NotFound)", exitCode: 2)
        }
        guard access(record.plugin, X_OK) == 0 else {
            throw LabFailure(
                "there is no CNI executable at \(record.plugin) (NotFound)",
                next: "swift build --product ovenbird-cni, or give --cni PATH")
        }
        do throws(ConfigurationErrors) {
            let text = NodeFiles(paths: paths, record: record).configuration(record.nodes[0])
            _ = try NetworkConfiguration(ConfigurationInput(file: ("the lab", text), hostName: record.nodes[0]))
        } catch {
            throw LabFailure(
                "the lab's networks cannot be (BadConfiguration)",
                because: error.problems.map(\.message).joined(separator: "\n    "),
                next: "give others with --cluster-subnets", exitCode: 2)
        }
        let leftovers = NetworkNamespace.names().contains { $0.hasPrefix(paths.namespacePrefix) }
        guard !leftovers, !Files.exists(paths.directory) else {
            let isUp = Labs.entry(paths).report != nil
            throw LabFailure(
                "lab \(paths.name) \(isUp ? "is up already" : "has leftovers") (AlreadyExists)",
                next: "ovenbird lab down \(paths.name), or choose another --name", exitCode: 1)
        }
        return "\(host), no leftovers"
    }

    /// Starts the supervisor; it is not our child for long. Until it answers nobody else knows of it.
    private func start() async throws {
        let log = try Descriptor(open: "\(paths.logs)/lab.log", flags: O_WRONLY | O_CREAT | O_APPEND)
        let child = try ChildProcess(supervisor, output: .descriptor(log), errors: .descriptor(log))
        do {
            let began = ContinuousClock.now
            while !Files.exists(paths.socket) {
                try Task.checkCancellation()
                if began.duration(to: .now) > timeout {
                    throw LabFailure("the lab's supervisor does not answer", because: "see \(paths.logs)/lab.log")
                }
                if let exit = try await onThread({ try child.wait(timeout: .milliseconds(10)) }) {
                    let words = (try? Files.read("\(paths.logs)/lab.log")) ?? ""
                    throw LabFailure("the lab's supervisor ended (\(exit))", because: String(words.suffix(500)))
                }
            }
        } catch {
            if !keep { _ = try? await Task { try await onThread { try child.stop() } }.value }
            throw error
        }
    }

    private func wait() async throws -> LabReport {
        let began = ContinuousClock.now
        var told = began
        var ready: Set<String> = []
        var revision = 0
        while true {
            let seen = revision
            let paths = paths
            let (report, now) = try await onThread { try Labs.answer(paths, "/report?after=\(seen)") }
            try Task.checkCancellation()
            revision = now
            let time = began.duration(to: .now)
            for node in report.nodes where node.isReady && ready.insert(node.name).inserted {
                progress.done("node \(node.name)", "OVS, OVN, daemon", after: time)
            }
            if report.missing.isEmpty {
                progress.done("objects", "\(report.objects) from \(record.manifests)", after: time)
                progress.done("pods", "\(report.pods.count) attached", after: time)
                return report
            }
            if time > timeout { throw timedOut(report) }
            if told.duration(to: .now) > .seconds(10) {
                told = .now
                progress.waiting("lab \(paths.name)", for: report.missing.prefix(3).joined(separator: "; "))
            }
        }
    }

    private func timedOut(_ report: LabReport) -> LabFailure {
        LabFailure(
            "lab \(paths.name) is not complete after \(timeout.components.seconds) s (TimeOut)",
            because: report.missing.joined(separator: "\n    "),
            next: keep
                ? "the logs are in \(paths.logs); afterwards: ovenbird lab down \(paths.name)"
                : "the same with --keep leaves it standing, to be looked at")
    }
}
