import Core
import Testing

/// Contributes for every claim, and reports the hint of those that have one.
private struct ReportingModule: NodeModule {
    static let manifest = Manifest(
        name: "reporting", summary: "Reports", reads: [Claim.self], writes: [.rows(Number.self)])
    func register(on node: inout NodeScope) {
        node.each(Claim.self) { claim, cell throws(Rejection) in
            cell.add(Number(key: .own("")))
            guard let hint = claim.hint else { return }
            cell.report(Rejection("BadHint", field: "hint", "\(hint) is no good"))
            if claim.isRefusing { throw Rejection("Refusing", "refuses") }
        }
    }
}

@Suite("What a cell reports")
struct ReportTests {
    private func engine() throws -> Engine {
        let engine = Engine(scope: .node)
        try engine.enable(ReportingModule())
        return engine
    }

    private func apply(_ engine: Engine, _ changes: ObjectChange...) {
        engine.apply(.changes(feed: "test", changes, lane: .bulk))
        _ = engine.turn()
    }

    @Test("stands beside its contributions, and goes when it is not reported again")
    func beside() throws {
        let engine = try engine()
        apply(engine, .put(Claim(name: "a", hint: 7)), .put(Claim(name: "b")))
        #expect(engine.rows().count == 2)
        #expect(engine.problems().map(\.description) == ["reporting: Claim/a hint: BadHint: 7 is no good"])
        #expect(engine.problems().map(\.what) == [.partial])
        apply(engine, .put(Claim(name: "a")))
        #expect(engine.problems().isEmpty)
        #expect(engine.rows().count == 2)
    }

    @Test("stays with the last good contributions when the cell then fails, and goes with the object")
    func failing() throws {
        let engine = try engine()
        apply(engine, .put(Claim(name: "a", hint: 7)))
        apply(engine, .put(Claim(name: "a", hint: 8, isRefusing: true)))
        #expect(engine.problems().map(\.message) == ["refuses", "7 is no good"])
        apply(engine, .remove(Claim(name: "a").id))
        #expect(engine.problems().isEmpty)
        #expect(engine.rows().isEmpty)
    }
}
