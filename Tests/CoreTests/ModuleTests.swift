import Testing

@testable import Core

private let pod = Pod(namespace: "shop", name: "web")

private struct Module: NodeModule {
    static let manifest = Manifest(name: "Upper", summary: "Has a bad name", reads: [])
    func register(on node: inout NodeScope) {}
}

private struct FirstNamer: NodeModule {
    static let manifest = Manifest(
        name: "first", summary: "Names groups", reads: [], writes: [.columns(PortGroup.self, "name", "ports")])
    func register(on node: inout NodeScope) {}
}

private struct SecondNamer: NodeModule {
    static let manifest = Manifest(
        name: "second", summary: "Names groups too", reads: [], writes: [.columns(PortGroup.self, "ports", "name")])
    func register(on node: inout NodeScope) {}
}

private struct NoSuchColumn: NodeModule {
    static let manifest = Manifest(
        name: "wrong", summary: "Claims what is not there", reads: [], writes: [.columns(PortGroup.self, "portz")])
    func register(on node: inout NodeScope) {}
}

/// Does what its manifest does not say, as the object tells it.
private struct Loose: NodeModule {
    static let manifest = Manifest(
        name: "loose", summary: "Oversteps", reads: [Claim.self], writes: [.columns(PortGroup.self, "ports")])
    func register(on node: inout NodeScope) {
        node.each(Claim.self) { claim, cell throws(Rejection) in
            cell.add("fine", to: RowRef<PortGroup>(fixed: "isolated").ports)
            switch claim.name {
            case "row": cell.add(Number(key: .own(""), value: 1))
            case "column": cell.amend(PortGroup(key: .fixed("isolated"), name: "x"))
            case "read": _ = cell.get(Pod.self, "shop", "web")
            case "publish": cell.publish(Mark(namespace: "", name: "x", value: 1))
            default: break
            }
        }
    }
}

@Suite("Modules")
struct ModuleTests {
    let engine = Engine(scope: .node)

    @Test("with a manifest that cannot be are refused by name")
    func manifests() throws {
        #expect(throws: Rejection.self) { try engine.enable(Module()) }
        #expect(throws: Rejection.self) { try engine.enable(NoSuchColumn()) }
        try engine.enable(FirstNamer())
        #expect(throws: Rejection.self) { try engine.enable(FirstNamer()) }
        let error = #expect(throws: Rejection.self) { try engine.enable(SecondNamer()) }
        #expect(error?.message == "first and second both claim column name of nb/Port_Group")
        engine.disable(module: "first")
        try engine.enable(SecondNamer())
        #expect(engine.enabledModules == ["second"])
    }

    @Test("that read what nobody brings are told so")
    func missing() throws {
        engine.expect(feed: "pods", kinds: [Pod.self])
        try engine.enable(MarkReader())
        #expect(
            engine.missing().map(\.message) == [
                "mark-reader reads Mark, which no feed brings and no enabled module publishes",
                "mark-reader reads Claim, which no feed brings and no enabled module publishes",
            ])
        try engine.enable(MarkModule())
        engine.expect(feed: "claims", kinds: [Claim.self])
        #expect(engine.missing().isEmpty)
    }

    @Test(
        "that overstep their manifest are at fault, and the run does not count",
        arguments: [
            ("row", "makes rows of host/Number"), ("column", "writes column name of nb/Port_Group"),
            ("read", "reads Pod"), ("publish", "publishes Mark"),
        ])
    func claims(name: String, message: String) throws {
        try engine.enable(Loose())
        engine.put(Claim(name: name))
        _ = engine.turn()
        #expect(engine.problems().map(\.what) == [.fault])
        #expect(engine.problems()[0].message.hasPrefix(message))
        #expect(engine.rows().isEmpty)
        #expect(engine.facts.live == 0)
        #expect(engine.object(Mark.self, "", "x") == nil)
    }

    @Test("that differ about a scalar are in conflict: the first in their order shows, the other is named")
    func conflict() throws {
        let engine = Engine(scope: .node, order: ["marker", "policy"])
        try engine.enable(PolicyModule())
        try engine.enable(MarkerModule())
        engine.put(pod, Policy(namespace: "shop", name: "p"))
        engine.put(Namespace(name: "shop"), Marker(name: "m", namespaces: .everything, mark: 1, banner: "other"))
        _ = engine.turn()
        #expect(engine.contents(of: RowID(PortGroup.table, "isolated"))?.columns[0] == .scalar(.string("other")))
        let problem = try #require(engine.problems().first)
        #expect(engine.problems().count == 1)
        #expect(problem.module == "policy")
        #expect(problem.object == Policy(namespace: "shop", name: "p").id)
        #expect(problem.message.contains("nb/Port_Group/isolated column name"))
        #expect(problem.message.contains("marker: Marker/m"))
        engine.remove(Marker(name: "m", namespaces: .everything, mark: 1))
        let delta = engine.turn().deltas.first { $0.plane == "nb" }
        #expect(delta?.rows.map(\.columns) == [[ColumnChange(0, .scalar(.string("isolated")))]])
        #expect(engine.problems().isEmpty)
    }
}
