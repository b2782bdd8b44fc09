import Linux

/// Does blocking work, eight pieces at a time; the results are in the order of the work.
func inParallel<T: Sendable>(_ work: [@Sendable () throws -> T]) async throws -> [T] {
    try await withThrowingTaskGroup(of: (Int, T).self) { group in
        var rest = Array(work.enumerated().reversed())
        func startOne() {
            guard let (place, one) = rest.popLast() else { return }
            group.addTask { (place, try await onThread(one)) }
        }
        for _ in 0..<8 { startOne() }
        var results: [(Int, T)] = []
        while let done = try await group.next() {
            results.append(done)
            startOne()
        }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
