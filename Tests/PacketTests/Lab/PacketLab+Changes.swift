import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension PacketLab {
    /// The first report for which this holds.
    @discardableResult
    func report(within limit: Duration = .seconds(30), where holds: (LabReport) -> Bool) async throws -> LabReport {
        let end = ContinuousClock.now + limit
        var seen = 0
        while ContinuousClock.now < end {
            let revision = seen
            let answer = try await onThread { [paths] in try Labs.answer(paths, "/report?after=\(revision)") }
            if holds(answer.report) { return answer.report }
            seen = answer.revision
        }
        throw LabFailure("lab \(paths.name) is not as expected after \(limit)")
    }

    private func file(of pod: String) -> String { "\(directory)/manifests/\(pod).yaml" }

    func add(_ pod: LabPod) throws {
        let draft = "\(directory)/\(pod.name).draft"
        try Files.write(draft, pod.manifest)
        guard rename(draft, file(of: pod.name)) == 0 else { throw SystemError(last: "rename \(draft)") }
    }

    /// Adds a pod and waits until it has its network.
    func run(_ pod: LabPod) async throws {
        try add(pod)
        try await report { $0.pods.contains { $0.name == pod.name && $0.phase == .running } }
    }

    func remove(_ pod: String) async throws {
        try Files.remove(file(of: pod))
        try await report { !$0.pods.contains { $0.name == pod } }
    }

    /// Kills a node's daemon; returns when the next one says that it is ready.
    func restartDaemon(_ node: String) async throws {
        let old = try await report { $0.nodes.contains { $0.name == node && $0.pid != nil } }
            .nodes.first { $0.name == node }?.pid
        let pid = try #require(old)
        kill(pid_t(pid), SIGKILL)
        try await report { $0.nodes.contains { $0.name == node && $0.pid != pid && $0.isReady } }
    }

    /// Packets that a node's switch has dropped because they went round in it too often.
    func droppedLoops(_ node: String) async throws -> String {
        let output = try await shell(
            "node:\(node)", "ovs-appctl coverage/read-counter datapath_drop_recirc_error")
        return output.filter { !$0.isWhitespace }
    }
}
