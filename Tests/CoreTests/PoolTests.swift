import Testing

@testable import Core

@Suite("Pools")
struct PoolTests {
    let engine = Engine(scope: .node)

    private func number(_ name: String) -> Int? {
        let row = RowID(Number.table, "claim/\(name)")
        if case .scalar(.integer(let value))? = engine.contents(of: row)?.columns[0] { return value }
        return nil
    }

    @Test("serve every hint before any fresh value, in the turn in which the feeds have listed")
    func hints() throws {
        engine.expect(feed: "claims", kinds: [Claim.self])
        try engine.enable(NumberModule(1...3))
        engine.put(Claim(name: "a"), Claim(name: "b", hint: 1))
        _ = engine.turn()
        #expect(engine.rows().isEmpty, "nothing is served before the feeds have listed")
        engine.put(Claim(name: "c", hint: 2))
        engine.apply(.listed(feed: "claims"))
        _ = engine.turn()
        #expect(number("b") == 1)
        #expect(number("c") == 2)
        #expect(number("a") == 3)
    }

    @Test("give fresh values that the order of events does not decide")
    func order() throws {
        try engine.enable(NumberModule(1...1_000_000))
        let other = Engine(scope: .node)
        try other.enable(NumberModule(1...1_000_000))
        let names = (0..<50).map { "claim-\($0)" }
        for name in names { engine.put(Claim(name: name)) }
        _ = engine.turn()
        for name in names.reversed() {
            other.put(Claim(name: name))
            _ = other.turn()
        }
        #expect(engine.table == other.table)
        #expect(engine.rows().count == 50)
    }

    @Test("say when they are exhausted, and serve who waits when a value is given back")
    func exhausted() throws {
        try engine.enable(NumberModule(1...2))
        engine.put(Claim(name: "a"), Claim(name: "b"), Claim(name: "c"))
        _ = engine.turn()
        #expect(engine.problems().map(\.reason) == ["PoolExhausted"])
        #expect(engine.problems().map(\.object) == [Claim.id("c")])
        let freed = number("a")
        engine.remove(Claim(name: "a"))
        _ = engine.turn()
        #expect(engine.problems().isEmpty)
        #expect(number("c") == freed)
    }

    @Test("keep a value while the cell asks, also when it fails, and never give a reserved one")
    func held() throws {
        try engine.enable(NumberModule(1...3, reserved: [2]))
        engine.put(Claim(name: "a"), Claim(name: "b"))
        _ = engine.turn()
        let value = number("a")
        #expect([number("a"), number("b")].compactMap { $0 }.sorted() == [1, 3])
        engine.put(Claim(name: "a", isRefusing: true))
        _ = engine.turn()
        #expect(number("a") == value)
        engine.put(Claim(name: "a", hint: 3))
        _ = engine.turn()
        #expect(number("a") == value, "what is held stays, whatever the hint")
    }

    @Test("do not honour a hint that another key holds")
    func taken() throws {
        try engine.enable(NumberModule(1...9))
        engine.put(Claim(name: "a", hint: 7), Claim(name: "b", hint: 7))
        _ = engine.turn()
        #expect(number("a") == 7)
        #expect(number("b") != nil && number("b") != 7)
    }

    @Test("give who insists on one value that and no other, name its holder, and give it when it is free")
    func insisting() throws {
        try engine.enable(NumberModule(1...9))
        engine.put(Claim(name: "b", hint: 7))
        _ = engine.turn()
        engine.put(Claim(name: "a", hint: 7, insists: true), Claim(name: "c", hint: 7, insists: true))
        _ = engine.turn()
        #expect(number("b") == 7)
        #expect(number("a") == nil && number("c") == nil)
        #expect(engine.problems().map(\.message) == ["by b", "by b"])
        engine.remove(Claim(name: "b", hint: 7))
        _ = engine.turn()
        #expect(number("a") == 7)
        #expect(engine.problems().map(\.message) == ["by a"])
        #expect(engine.problems().map(\.object) == [Claim.id("c")])
        engine.put(Claim(name: "c", hint: 8, insists: true))
        _ = engine.turn()
        #expect(number("c") == 8)
        engine.put(Claim(name: "d", hint: 8, insists: true))
        _ = engine.turn()
        #expect(number("d") == nil)
        engine.put(Claim(name: "d"))
        _ = engine.turn()
        #expect(number("d").map { ![7, 8].contains($0) } == true, "who insists no more gets another")
    }

    @Test("serve what was given before to its holder, not to one that insists on it")
    func insistingAtStart() throws {
        engine.expect(feed: "claims", kinds: [Claim.self])
        try engine.enable(NumberModule(1...9))
        engine.put(Claim(name: "a", hint: 7, insists: true), Claim(name: "b", hint: 7))
        engine.apply(.listed(feed: "claims"))
        _ = engine.turn()
        #expect(number("b") == 7)
        #expect(engine.problems().map(\.message) == ["by b"])
    }

    @Test("give a replay the values that were recorded")
    func replay() throws {
        try engine.enable(NumberModule(1...9))
        engine.put(Claim(name: "a", hint: 7), Claim(name: "b", hint: 7))
        _ = engine.turn()
        engine.remove(Claim(name: "a"))
        _ = engine.turn()
        let other = Engine(scope: .node)
        try other.enable(NumberModule(1...9))
        other.recordedAllocations = engine.heldAllocations()
        other.put(Claim(name: "b", hint: 7))
        _ = other.turn()
        #expect(other.table == engine.table)
    }

    @Test("leave nothing when nobody asks any more")
    func nothing() throws {
        try engine.enable(NumberModule(1...2))
        engine.put(Claim(name: "a"), Claim(name: "b"), Claim(name: "c"))
        _ = engine.turn()
        engine.remove(Claim(name: "a"), Claim(name: "b"), Claim(name: "c"))
        _ = engine.turn()
        #expect(engine.counts().records == 0)
        #expect(engine.heldAllocations().isEmpty)
    }
}
