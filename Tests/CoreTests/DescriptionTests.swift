import Core
import Testing

/// Says of a claim how many others there are; on request it does what it must not.
private struct TalkingModule: NodeModule {
    static let manifest = Manifest(name: "talking", summary: "Talks", reads: [Claim.self])
    func register(on node: inout NodeScope) {
        node.describe(Claim.self) { claim, cell throws(Rejection) in
            if claim.isRefusing { throw Rejection("Mute", field: "name", "says nothing") }
            // What it contributes, and the groups and objects that nobody has named before, must leave no trace.
            if claim.hint != nil { cell.add(Number(key: .own(""))) }
            _ = cell.get(Claim.self, "nobody")
            let others = cell.list(cell.group(of: Claim.self))
            var description = Description("claim \(claim.name)")
            var sheet = Description.Sheet("OTHERS", "NAME")
            for other in others where other.name != claim.name { sheet.add(other.name) }
            description.sheets = [sheet]
            return description
        }
    }
}

@Suite("What a module says of an object")
struct DescriptionTests {
    private func engine(_ claims: Claim...) throws -> Engine {
        let engine = Engine(scope: .node)
        try engine.enable(TalkingModule())
        engine.apply(.changes(feed: "test", claims.map { .put($0) }, lane: .bulk))
        _ = engine.turn()
        return engine
    }

    @Test("is made of what is there, when somebody asks, and leaves no trace")
    func reads() throws {
        let engine = try engine(Claim(name: "a"), Claim(name: "b"))
        let before = engine.counts()
        let said = engine.descriptions(of: Claim(name: "a").id)
        #expect(said.map(\.module) == ["talking"] && said.map(\.fault) == [nil])
        #expect(said.first?.description.headline == ["claim a"])
        #expect(said.first?.description.sheets.first?.rows == [["b"]])
        #expect(engine.counts() == before)
        #expect(engine.turn().deltas.flatMap(\.rows).isEmpty)
        engine.apply(.changes(feed: "test", [.remove(Claim(name: "b").id)], lane: .bulk))
        _ = engine.turn()
        #expect(engine.descriptions(of: Claim(name: "a").id).first?.description.sheets.first?.rows == [])
    }

    @Test("is the rejection when there is one, and nothing of an object that is not there or a module that is off")
    func others() throws {
        let engine = try engine(Claim(name: "a", isRefusing: true))
        #expect(
            engine.descriptions(of: Claim(name: "a").id).first?.description.headline == ["name: says nothing"])
        #expect(engine.descriptions(of: Claim(name: "c").id).isEmpty)
        engine.disable(module: "talking")
        _ = engine.turn()
        #expect(engine.descriptions(of: Claim(name: "a").id).isEmpty)
    }

    @Test("contributes no row, even when a describer tries to, which is its fault")
    func contributions() throws {
        let engine = try engine(Claim(name: "a", hint: 3))
        let before = engine.counts()
        #expect(engine.descriptions(of: Claim(name: "a").id).first?.fault?.contains("makes rows") == true)
        _ = engine.turn()
        #expect(engine.rows().isEmpty && engine.problems().isEmpty && engine.counts() == before)
    }
}
