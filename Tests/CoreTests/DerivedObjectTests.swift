import Testing

@testable import Core

private let pod = Pod(namespace: "shop", name: "web")

@Suite("Derived objects")
struct DerivedObjectTests {
    let engine = Engine(scope: .node, order: ["marks", "other-marks"])

    private func note() -> String? {
        let row = RowID(Number.table, "claim/c/marks")
        if case .scalar(.string(let note))? = engine.contents(of: row)?.columns[1] { return note }
        return nil
    }

    @Test("are handled and listed in the turn in which they are published")
    func published() throws {
        try engine.enable(MarkReader())
        try engine.enable(MarkModule())
        engine.put(pod, Claim(name: "c"))
        _ = engine.turn()
        #expect(engine.object(Mark.self, "shop", "web")?.value == 1)
        #expect(engine.rows(table: "Number").map(\.key) == ["claim/c/marks", "mark/shop/web"])
        #expect(note() == "complete: web=1")
        engine.remove(pod)
        _ = engine.turn()
        #expect(engine.object(Mark.self, "shop", "web") == nil)
        #expect(note() == "complete: ")
    }

    @Test("are complete only when all that their publisher reads is")
    func completeness() throws {
        engine.expect(feed: "pods", kinds: [Pod.self])
        engine.expect(feed: "claims", kinds: [Claim.self])
        try engine.enable(MarkReader())
        try engine.enable(MarkModule())
        engine.put(pod, Claim(name: "c"))
        engine.apply(.listed(feed: "claims"))
        _ = engine.turn()
        #expect(note() == "incomplete: web=1")
        engine.apply(.listed(feed: "pods"))
        _ = engine.turn()
        #expect(note() == "complete: web=1")
    }

    @Test("show the first publisher in the modules' order, whoever came first, and the next when it goes")
    func twice() throws {
        try engine.enable(MarkReader())
        try engine.enable(OtherMarkModule())
        engine.put(pod)
        _ = engine.turn()
        #expect(engine.object(Mark.self, "shop", "web")?.value == 99)
        try engine.enable(MarkModule())
        _ = engine.turn()
        #expect(engine.object(Mark.self, "shop", "web")?.value == 1)
        #expect(engine.problems().map(\.module) == ["other-marks"])
        #expect(engine.problems().map(\.what) == [.conflict])
        engine.disable(module: "marks")
        #expect(engine.turn().problemsChanged)
        #expect(engine.object(Mark.self, "shop", "web")?.value == 99)
        #expect(engine.problems().isEmpty)
    }

    @Test("follow what their publisher reads without a gap")
    func changed() throws {
        try engine.enable(MarkReader())
        try engine.enable(MarkModule())
        engine.put(pod)
        _ = engine.turn()
        engine.put(Claim(name: "marks", hint: 1))
        let same = engine.turn().deltas.flatMap(\.rows).filter { $0.row.key.hasPrefix("mark/") }
        #expect(same.isEmpty, "an equal mark touches no row")
        engine.put(Claim(name: "marks", hint: 2))
        let rows = engine.turn().deltas.flatMap(\.rows).filter { $0.row.key.hasPrefix("mark/") }
        #expect(rows.map(\.what) == [.updated])
        #expect(engine.object(Mark.self, "shop", "web")?.value == 2)
        #expect(engine.problems().isEmpty)
    }
}

@Suite("Cells that do not come to rest")
struct QuarantineTests {
    let engine = Engine(scope: .node)

    init() throws { try engine.enable(Flapping()) }

    @Test("are stopped, named, and leave what they had when the turn began; others are delivered")
    func quarantine() {
        engine.put(Claim(name: "web"))
        _ = engine.turn()
        #expect(engine.object(Mark.self, "", "steady") != nil)
        engine.put(pod)
        let result = engine.turn()
        #expect(result.statistics.cellRuns < 50)
        #expect(engine.problems().map(\.what) == [.quarantined])
        #expect(engine.problems().map(\.object) == [Claim.id("web")])
        #expect(engine.object(Mark.self, "", "steady") != nil)
        #expect(engine.object(Mark.self, "", "flap") == nil)
        #expect(engine.rows().map(\.key) == ["pod/shop/web/calm"])
        #expect(engine.turn().statistics.cellRuns == 0)
    }

    @Test("run again when an object of a feed that they read changes")
    func release() {
        engine.put(Claim(name: "web"), pod)
        _ = engine.turn()
        #expect(engine.problems().map(\.what) == [.quarantined])
        #expect(engine.rows().map(\.key) == ["pod/shop/web/calm"])
        engine.remove(pod)
        _ = engine.turn()
        #expect(engine.problems().isEmpty)
        #expect(engine.object(Mark.self, "", "steady") != nil)
    }
}
