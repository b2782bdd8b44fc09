import Core
import ModuleHarness
import Testing

private let objects: [any Kind] = [
    Namespace(name: "shop", labels: ["tier": "gold"]),
    Namespace(name: "bank"),
    Pod(namespace: "shop", name: "web", labels: ["app": "web"], addresses: ["10.0.0.1"]),
    Pod(namespace: "bank", name: "db", labels: ["app": "db"], addresses: ["10.0.0.2"]),
    Policy(namespace: "shop", name: "p", subject: LabelSelector(labels: ["app": "web"]), peers: .everything),
    Policy(namespace: "bank", name: "q"),
]

/// Writes a column that its manifest does not claim.
private struct Trespasser: NodeModule {
    static let manifest = Manifest(
        name: "trespasser", summary: "Writes what it must not", reads: [Pod.self],
        writes: [.columns(PortGroup.self, "ports")])
    func register(on node: inout NodeScope) {
        node.each(Pod.self) { pod, cell throws(Rejection) in
            cell.set("by", to: pod.name, in: RowRef<PortGroup>(fixed: "isolated").ids)
        }
    }
}

/// Gives other rows each time it runs.
private final class Counter: Sendable {
    nonisolated(unsafe) var count = 0
}

private struct Restless: NodeModule {
    static let manifest = Manifest(
        name: "restless", summary: "Is no function of its inputs", reads: [Pod.self], writes: [.rows(ACL.self)])
    private let counter = Counter()
    func register(on node: inout NodeScope) {
        node.each(Pod.self) { [counter] _, cell throws(Rejection) in
            counter.count += 1
            cell.add(ACL(key: .own("x"), priority: counter.count))
        }
    }
}

@Suite("The module harness")
struct HarnessTests {
    @Test("finds that lawful modules keep the laws")
    func lawful() throws {
        var broken = Policy(namespace: "bank", name: "q")
        broken.isBroken = true
        try ModuleLaws.check(PolicyModule.self, objects, broken: [broken])
        let marker = Marker(name: "m", namespaces: LabelSelector(labels: ["tier": "gold"]), mark: 3, extra: ["e"])
        try ModuleLaws.check(MarkerModule.self, objects + [marker])
    }

    @Test("finds a column that is written without a claim")
    func claims() throws {
        let error = #expect(throws: BrokenLaw.self) { try ModuleLaws.check(Trespasser.self, objects) }
        #expect(error?.detail.contains("external_ids of nb/Port_Group") == true)
    }

    @Test("finds a handler that gives other rows each time")
    func restless() {
        #expect(throws: BrokenLaw.self) { try ModuleLaws.check(Restless.self, objects) }
    }

    @Test("shows rows, members and problems as text")
    func looks() throws {
        let node = try NodeHarness(PolicyModule.self)
        try node.apply(objects)
        #expect(node.rows(ACL.self).map(\.key) == ["policy/bank/q/in", "policy/shop/p/in"])
        #expect(node.rows(ACL.self).first?["priority"] == "1001")
        #expect(node.members(RowRef<PortGroup>(fixed: "isolated").ports) == ["bank_db", "shop_web"])
        #expect(node.row(PortGroup.self, "isolated")?.members("ports") == ["bank_db", "shop_web"])
        #expect(node.row(PortGroup.self, "other") == nil)
        #expect(node.problems.isEmpty)
        #expect(
            node.row(PortGroup.self, "isolated")?.description == """
                nb/Port_Group/isolated
                    name = isolated
                    ports has bank_db
                    ports has shop_web
                """)
    }

    @Test("checks case files", arguments: try CaseFile.all(besideTest: #filePath, folder: "CoreCases"))
    func cases(file: CaseFile) throws {
        try file.check(NodeHarness(PolicyModule.self), tables: [ACL.table, PortGroup.table]) { manifests in
            manifests.split(separator: "\n").map { line in
                let words = line.split(separator: " ").map(String.init)
                if words[0] == "policy" { return Policy(namespace: words[1], name: words[2]) as any Kind }
                return Pod(namespace: words[1], name: words[2])
            }
        }
    }
}
