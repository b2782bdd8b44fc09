import Core

/// Notices when another program changes a row back each time, so that the two do not do it for ever.
struct Quarrels {
    static let limit = 8
    static let window = Duration.seconds(10)
    static let pause = Duration.seconds(30)
    static let words =
        "another program changes this row back each time; left as it is for 30 seconds: find out who writes it"

    private var repairs: [RowID: [ContinuousClock.Instant]] = [:]
    private var pausedUntil: [RowID: ContinuousClock.Instant] = [:]

    /// When the next pause ends.
    var next: ContinuousClock.Instant? { pausedUntil.values.min() }

    /// Counts a repair; whether the row should be left alone for a while.
    mutating func isTooOften(_ row: RowID) -> Bool {
        let now = ContinuousClock.now
        let recent = (repairs[row] ?? []).filter { now - $0 < Self.window } + [now]
        guard recent.count >= Self.limit else {
            repairs[row] = recent
            return false
        }
        repairs[row] = nil
        pausedUntil[row] = now + Self.pause
        return true
    }

    /// The rows whose pause is over.
    mutating func over() -> [RowID] {
        let now = ContinuousClock.now
        let over = pausedUntil.filter { $0.value <= now }.keys
        for row in over { pausedUntil[row] = nil }
        return Array(over)
    }
}
