import Core
import Glibc
import Linux
import Synchronization
import Testing

@testable import Lab

private final class Steps: LabProgress {
    private let seen = Mutex<[String]>([])
    var all: [String] { seen.withLock { $0 } }
    func done(_ step: String, _ detail: String, after: Duration) { seen.withLock { $0.append(step) } }
    func waiting(_ step: String, for what: String) {}
}

@Suite(.timeLimit(.minutes(1)), .serialized) struct LabUpTests {
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
        let up = up("t-stops", supervisor: ["sleep", "1000"], Steps())
        let task = Task { try await up.run() }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
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
