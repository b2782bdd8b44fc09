import Linux
import Testing

/// Waits until something holds; fails in words when it does not in time.
///
/// - Returns: how long it took.
@discardableResult
func until(
    _ what: String, within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () async throws -> Bool
) async throws -> Duration {
    let began = ContinuousClock.now
    var lastError: (any Error)?
    while began.duration(to: .now) < limit {
        do {
            if try await holds() { return began.duration(to: .now) }
            lastError = nil
        } catch { lastError = error }
        try await Task.sleep(for: .milliseconds(50))
    }
    let words = lastError.map { ": \($0)" } ?? ""
    Issue.record("not within \(limit): \(what)\(words)", sourceLocation: sourceLocation)
    throw NotInTime(what: what)
}

struct NotInTime: Error, CustomStringConvertible {
    let what: String
    var description: String { "not in time: \(what)" }
}
