import Core
import Glibc
import Linux
import Supervision
import Synchronization
import Testing

@testable import Lab

private final class Steps: LabProgress {
    private let seen = Mutex<[String]>([])
    private let stream: AsyncStream<String>
    private let news: AsyncStream<String>.Continuation

    init() { (stream, news) = AsyncStream.makeStream() }

    var all: [String] { seen.withLock { $0 } }

    func done(_ step: String, _ detail: String, after: Duration) {
        seen.withLock { $0.append(step) }
        news.yield(step)
    }

    func wait(for step: String) async {
        for await done in stream where done == step { return }
    }

    func waiting(_ step: String, for what: String) {}
}

@Suite(.timeLimit(.minutes(3)), .serialized) struct LabUpTests {
    private func up(_ name: String, supervisor: [String], _ steps: Steps, timeout: Int = 30) -> LabUp {
        let paths = LabPaths(name: name, root: Stage.root)
        let record = LabRecord(
            name: name, manifests: "/tmp", nodes: 1, families: .v4, daemon: ["false"], plugin: "/bin/true", began: 1)
        return LabUp(
            paths, record, supervisor: supervisor, timeout: .seconds(timeout), keep: false, progress: steps)
    }

    @Test func whatFailsLeavesNothing() async throws {
        let steps = Steps()
        let up = up("t-fails", supervisor: ["sh", "-c", "echo no luck; exit 4"], steps)
        await #expect {
            try await up.run()
        } throws: { error in
            (error as? LabFailure)?.because == "no luck\n"
        }
        #expect(steps.all == ["host check", "underlay"])
        #expect(!Files.exists(up.paths.directory))
        #expect(!NetworkNamespace.names().contains { $0.hasPrefix(up.paths.namespacePrefix) })
    }

    @Test func whatIsInterruptedLeavesNothing() async throws {
        let steps = Steps()
        let note = "/tmp/ovbt-stops-\(getpid())"
        defer { try? Files.remove(note) }
        let up = up(
            "t-stops", supervisor: ["sh", "-c", "echo $$ > \(note).new; mv \(note).new \(note); exec sleep 1000"], steps
        )
        let task = Task { try await up.run() }
        await steps.wait(for: "underlay")
        #expect(NetworkNamespace.names().contains { $0.hasPrefix(up.paths.namespacePrefix) })
        try await FileWait.until(note, within: .seconds(30))
        let supervisor = try #require(pid_t(Files.read(note).filter(\.isNumber)))
        #expect(kill(supervisor, 0) == 0)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(kill(supervisor, 0) != 0)
        #expect(!Files.exists(up.paths.directory))
        #expect(!NetworkNamespace.names().contains { $0.hasPrefix(up.paths.namespacePrefix) })
    }

    @Test func aFailureToReadTheManifestsEndsTheSupervisor() async throws {
        struct Blind: Feed {
            struct Fault: Error {}
            let name = "manifests"
            func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws { throw Fault() }
        }
        let stage = try Stage("t-blind", nodes: 1)
        let state = LabState()
        let source = PodSource(
            stage.paths, stage.record, state, Kubelet(stage.paths, stage.record, state),
            LabEndpoints(stage.paths, stage.record, state))
        await #expect(throws: Blind.Fault.self) { try await source.follow(Blind()) }
    }

    @Test func aLabThatIsThereIsNotTouched() async throws {
        let stage = try Stage("t-there", nodes: 1)
        let up = up("t-there", supervisor: ["false"], Steps())
        await #expect(throws: LabFailure.self) { try await up.run() }
        #expect(NetworkNamespace.names().contains(stage.paths.outside))
        #expect(Files.exists(stage.paths.record))
    }
}
