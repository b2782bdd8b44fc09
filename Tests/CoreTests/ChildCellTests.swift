import Testing

@testable import Core

/// For each claim, for each namespace, for each pod in it: a row.
private struct Nesting: NodeModule {
    static let manifest = Manifest(
        name: "nesting", summary: "Nests cells", reads: [Claim.self, Namespace.self, Pod.self],
        writes: [.rows(Number.self)])
    func register(on node: inout NodeScope) {
        node.each(Claim.self) { claim, cell throws(Rejection) in
            let value = claim.hint ?? 0
            let namespaces = cell.group(of: Namespace.self, matching: LabelSelector(labels: ["on": "yes"]))
            cell.each(namespaces) { namespace, cell throws(Rejection) in
                let pods = cell.group(of: Pod.self, in: .namespace(namespace.name))
                cell.each(pods, run: Inner(claim: claim.name, value: value))
            }
        }
    }
}

private struct Inner: Child {
    let claim: String
    let value: Int

    func run(_ pod: Pod, _ cell: inout Cell) throws(Rejection) {
        if pod.node == "broken" { throw Rejection("Broken", field: "node", "no such node") }
        cell.add(Number(key: .own(claim), value: value))
    }
}

@Suite("Child cells")
struct ChildCellTests {
    let engine = Engine(scope: .node)

    init() throws {
        try engine.enable(Nesting())
        engine.put(Namespace(name: "shop", labels: ["on": "yes"]), Namespace(name: "bank"), Claim(name: "c", hint: 1))
        engine.put(Pod(namespace: "shop", name: "web"), Pod(namespace: "shop", name: "db"))
        engine.put(Pod(namespace: "bank", name: "db"))
        _ = engine.turn()
    }

    private var keys: [String] { engine.rows().map(\.key) }

    @Test("nest, and follow membership at each level")
    func nested() {
        #expect(keys == ["pod/shop/db/c", "pod/shop/web/c"])
        engine.put(Namespace(name: "bank", labels: ["on": "yes"]), Pod(namespace: "shop", name: "new"))
        engine.remove(Pod(namespace: "shop", name: "web"))
        _ = engine.turn()
        #expect(keys == ["pod/bank/db/c", "pod/shop/db/c", "pod/shop/new/c"])
        engine.put(Namespace(name: "shop"))
        _ = engine.turn()
        #expect(keys == ["pod/bank/db/c"])
        engine.remove(Claim(name: "c"))
        _ = engine.turn()
        #expect(keys.isEmpty)
        #expect(engine.cells.live == 0)
    }

    @Test("that are equal values are kept unrun when the parent runs again; others run")
    func kept() {
        engine.put(Claim(name: "c", hint: 1, isRefusing: true))
        #expect(engine.turn().statistics.cellRuns == 2, "the claim's cell and its one namespace")
        engine.put(Claim(name: "c", hint: 2))
        #expect(engine.turn().statistics.cellRuns == 4)
        let row = RowID(Number.table, "pod/shop/db/c")
        #expect(engine.contents(of: row)?.columns[0] == .scalar(.integer(2)))
    }

    @Test("that fail are reported at the module's own object, and disturb no sibling")
    func failing() {
        engine.put(Pod(namespace: "shop", name: "web", node: "broken"), Pod(namespace: "shop", name: "new"))
        _ = engine.turn()
        #expect(keys == ["pod/shop/db/c", "pod/shop/new/c", "pod/shop/web/c"], "the broken one keeps its row")
        #expect(engine.problems().map(\.object) == [Claim.id("c")])
        engine.remove(Pod(namespace: "shop", name: "web"))
        _ = engine.turn()
        #expect(engine.problems().isEmpty)
        #expect(keys == ["pod/shop/db/c", "pod/shop/new/c"])
    }

    @Test("an object that only was asked for is settled")
    func absent() throws {
        try engine.enable(MarkerModule())
        _ = engine.turn()
        #expect(engine.isSettled(Pod.id("nowhere", "none")))
        engine.put(Marker(name: "m", namespaces: .everything, mark: 1))
        _ = engine.turn()
        engine.remove(Namespace(name: "shop"))
        _ = engine.turn()
        #expect(engine.isSettled(Namespace.id("shop")))
    }
}
