import Testing

@testable import Core

private let web = Pod(namespace: "shop", name: "web", labels: ["app": "web"], addresses: ["10.0.0.1"])
private let database = Pod(namespace: "shop", name: "db", labels: ["app": "db"], addresses: ["10.0.0.2"])
private let isolated = RowID(PortGroup.table, "isolated")

private func policy(_ name: String, _ labels: [String: String], peers: LabelSelector? = nil) -> Policy {
    Policy(namespace: "shop", name: name, subject: LabelSelector(labels: labels), peers: peers)
}

@Suite("A turn of the engine")
struct EngineBasics {
    let engine = Engine(scope: .node)

    init() throws { try engine.enable(PolicyModule()) }

    @Test("shows the members of a group in the column that it fills")
    func fill() {
        engine.put(web, database, policy("p", ["app": "web"], peers: LabelSelector(labels: ["app": "db"])))
        _ = engine.turn()

        #expect(engine.members(isolated, "ports") == ["shop_web"])
        let sets = engine.rows(table: "Address_Set")
        #expect(sets.count == 1)
        #expect(engine.members(sets[0], "addresses") == ["10.0.0.2"])
        #expect(engine.rows(table: "ACL").map(\.key) == ["policy/shop/p/in"])
    }

    @Test("tells selectors apart, whatever is written into a label")
    func crafted() {
        var both = web
        both.labels = ["a": "b", "c": "d"]
        engine.put(both, policy("crafted", ["a": "b\u{2}c\u{0}d"]), policy("plain", ["a": "b", "c": "d"]))
        _ = engine.turn()
        #expect(engine.rows(table: "ACL").map(\.key) == ["policy/shop/plain/in"])
        #expect(engine.members(isolated, "ports") == ["shop_web"])
    }

    @Test("hands out the whole table first, then only what differs")
    func deltas() {
        engine.put(web, database, policy("p", ["app": "web"]))
        let first = engine.turn()
        #expect(first.deltas.map(\.plane) == ["nb"])
        #expect(first.deltas[0].rows.map(\.what) == [.inserted, .inserted, .inserted])

        var moved = database
        moved.labels = ["app": "web"]
        engine.put(moved)
        let second = engine.turn()
        #expect(second.statistics.cellRuns == 0)
        #expect(second.deltas.count == 1)
        #expect(second.deltas[0].rows.count == 2)
        for row in second.deltas[0].rows {
            #expect(row.what == .updated)
            #expect(row.columns == [ColumnChange(1, .set(added: [.string("shop_db")], removed: []))])
        }
        #expect(engine.turn().deltas.isEmpty)
    }

    @Test("gives nothing to planes before every feed has listed")
    func listing() {
        engine.expect(feed: "pods", kinds: [Pod.self])
        engine.expect(feed: "policies", kinds: [Policy.self])
        engine.attach(plane: "host")
        engine.put(web, policy("p", [:]))
        #expect(engine.turn().deltas.isEmpty)
        engine.apply(.listed(feed: "pods"))
        #expect(engine.turn().deltas.isEmpty)
        engine.apply(.listed(feed: "policies"))
        let deltas = engine.turn().deltas
        #expect(Set(deltas.map(\.plane)) == ["nb", "host"])
        #expect(deltas.first { $0.plane == "host" }?.rows == [])
        #expect(!engine.hasWork)
    }

    @Test("keeps the last good rows of a broken object, and mends them with any input")
    func failure() {
        engine.put(web, policy("p", ["app": "web"]))
        _ = engine.turn()
        let before = engine.table
        var broken = policy("p", ["app": "web"])
        broken.isBroken = true
        engine.put(broken)
        let result = engine.turn()
        #expect(result.deltas.isEmpty)
        #expect(result.problemsChanged)
        #expect(engine.table == before)
        #expect(engine.problems().map(\.reason) == ["Broken"])
        #expect(engine.problems()[0].object == broken.id)

        var late = web
        late.name = "late"
        engine.put(late)
        _ = engine.turn()
        #expect(engine.members(isolated, "ports") == ["shop_late", "shop_web"], "the kept rows follow membership")

        engine.put(policy("p", ["app": "web"]))
        _ = engine.turn()
        #expect(engine.problems().isEmpty)
    }

    @Test("leaves nothing when every object is gone and the module is off")
    func nothing() {
        engine.put(web, database, policy("p", ["app": "web"], peers: .everything), policy("q", [:]))
        _ = engine.turn()
        engine.remove(web, database, policy("p", [:]), policy("q", [:]))
        let delta = engine.turn().deltas
        #expect(delta.flatMap(\.rows).allSatisfy { $0.what == .deleted })
        engine.disable(module: "policy")
        _ = engine.turn()
        _ = engine.turn()
        #expect(engine.rows().isEmpty)
        #expect(engine.counts().records == 0)
        #expect(engine.counts().strings == 0)
        #expect(engine.vecs.inUse == 0)
    }

    @Test("switching a module off removes its rows and no others, and on again restores them")
    func toggle() throws {
        try engine.enable(MarkerModule())
        engine.put(Namespace(name: "shop", labels: ["tier": "gold"]), web, database, policy("p", ["app": "web"]))
        _ = engine.turn()
        let without = engine.table
        engine.put(Marker(name: "m", namespaces: .everything, mark: 7, entry: "x", extra: ["extra"]))
        _ = engine.turn()
        let with = engine.table
        #expect(with != without)
        #expect(
            engine.rows(plane: "host").map(\.key) == [
                "mark/shop/db/mark", "mark/shop/web/mark", "pod/shop/db/direct", "pod/shop/db/m", "pod/shop/web/direct",
                "pod/shop/web/m", "shared",
            ])
        #expect(engine.members(isolated, "ports") == ["extra", "shop_web"])
        engine.disable(module: "marker")
        _ = engine.turn()
        #expect(engine.table == without)
        try engine.enable(MarkerModule())
        _ = engine.turn()
        #expect(engine.table == with)
        #expect(engine.problems().isEmpty)
    }

    @Test("names the owners of a row down to the child cell")
    func owners() throws {
        try engine.enable(MarkerModule())
        engine.put(Namespace(name: "shop"), web, policy("p", ["app": "web"]))
        engine.put(Marker(name: "m", namespaces: .everything, mark: 7, extra: ["extra"]))
        _ = engine.turn()
        let owners = engine.owners(of: RowID(Route.table, "pod/shop/web/m"))
        #expect(owners.map(\.description) == ["marker: Marker/m > Pod/shop/web"])
        #expect(owners[0].columns == ["via", "mark"])
        let shared = engine.owners(of: isolated)
        #expect(Set(shared.map(\.module)) == ["policy", "marker"])
        #expect(shared.first { $0.module == "policy" }?.columns == ["name", "ports"])
    }
}

@Suite("Explaining a member")
struct MemberSources {
    @Test("names who fills the column and whose value it is, or who added it")
    func sources() throws {
        let engine = Engine(scope: .node)
        try engine.enable(PolicyModule())
        try engine.enable(MarkerModule())
        engine.put(Namespace(name: "shop"), web, database, policy("p", ["app": "web"]), policy("q", ["app": "db"]))
        engine.put(Marker(name: "m", namespaces: .everything, mark: 7, extra: ["extra"]))
        _ = engine.turn()
        let shown = engine.sources(of: isolated, column: 1, member: .string("shop_web"))
        #expect(shown.owners.map(\.description) == ["policy: Policy/shop/p"])
        #expect(shown.objects == [web.id])
        let added = engine.sources(of: isolated, column: 1, member: .string("extra"))
        #expect(added.owners.map(\.description) == ["marker: Marker/m"])
        #expect(added.objects.isEmpty)
        let absent = engine.sources(of: isolated, column: 1, member: .string("nobody"))
        #expect(absent.owners.isEmpty && absent.objects.isEmpty)
    }
}
