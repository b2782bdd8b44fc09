import Core
import Daemon
import Glibc
import Model

/// Runs a daemon; why it does not start, or ends, is said in the form that all messages have, one for each reason.
func runDaemon(_ body: () async throws -> Void) async throws {
    do { try await body() } catch let refusal as StartRefusal {
        try refuse(refusal.problems.map { (place(of: $0) + $0.message, $0.reason) })
    } catch let failure as DaemonFailure {
        try refuse(failure.problems.map { ($0.source.isEmpty ? $0.message : "\($0.source): \($0.message)", $0.reason) })
    } catch let failure as PlaneFailure {
        throw CommandFailure(
            what: "the plane \(failure.plane) failed: \(failure.reason) (PlaneFailed)",
            kept: "the network stays as it is", next: "start the daemon again: it puts right whatever differs",
            exitCode: 1)
    }
}

/// What is wrong with the node itself speaks for itself.
private func place(of problem: Problem) -> String {
    guard let object = problem.object, object.kind != LocalNode.kind else { return "" }
    return "\(object): \(problem.field.isEmpty ? "" : "\(problem.field): ")"
}

private func refuse(_ reasons: [(message: String, reason: String)]) throws {
    let failures = reasons.map { CommandFailure(startRefused: $0.message, reason: $0.reason) }
    failures.dropLast().forEach { say($0.text) }
    if let last = failures.last { throw last }
}

extension CommandFailure {
    /// What is wrong stands before the semicolon of a message, what helps behind it.
    init(startRefused message: String, reason: String) {
        let parts = message.split(separator: "; ", maxSplits: 1).map(String.init)
        self.init(
            what: "\(parts.first ?? message) (\(reason))", kept: "nothing on this node was changed",
            next: parts.count > 1 ? parts[1] : "correct that and start the daemon again", exitCode: 1)
    }
}
