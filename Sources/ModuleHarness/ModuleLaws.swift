public import Core

/// The laws that every module keeps, checked with given objects:
///
/// 1. Any order of the objects, in any turns, gives the same rows.
/// 2. Incremental equals recomputed, after every step.
/// 3. Running every handler again, or applying every object again, changes nothing.
/// 4. Removing every object leaves nothing; so does switching the module off, and on again restores every row.
/// 5. A broken object keeps its last good rows, and disturbs no row of another object.
/// 6. Only claimed tables, columns and kinds are written and read.
/// 7. Describing an object changes nothing.
public enum ModuleLaws {
    /// Checks a module that runs on nodes. `broken` holds spoilt versions of some of the objects.
    public static func check<M: NodeModule>(
        _: M.Type, _ objects: [any Kind], broken: [any Kind] = []
    ) throws {
        try check(M.manifest.name, { try NodeHarness(M.self) }, objects, broken)
    }

    /// Checks a module that runs in the cluster manager.
    public static func checkCluster<M: ClusterModule>(
        _: M.Type, _ objects: [any Kind], broken: [any Kind] = []
    ) throws {
        try check(M.manifest.name, { try ClusterHarness(M.self) }, objects, broken)
    }

    private static func check(
        _ module: String, _ make: () throws -> Harness, _ objects: [any Kind], _ broken: [any Kind]
    ) throws {
        let reference = try make()
        try reference.apply(objects)
        try claims(reference)
        try orders(reference, objects)
        try incremental(try make(), objects)
        try again(reference, objects)
        try describes(reference)
        for spoilt in broken { try keepsLastGood(try make(), objects, spoilt) }
        try toggles(reference, module)
        try leavesNothing(reference, module, objects)
    }

    private static func claims(_ harness: Harness) throws {
        let faults = harness.problems.filter { $0.what == .fault }
        guard faults.isEmpty else {
            throw BrokenLaw("a module writes and reads only what its manifest says", faults.text)
        }
    }

    private static func orders(_ reference: Harness, _ objects: [any Kind]) throws {
        var random = SeededRandom(seed: 7)
        for round in 0..<6 {
            let shuffled = round == 0 ? objects.reversed() : objects.shuffled(using: &random)
            let other = try reference.fresh(shuffled, slice: round < 3 ? 1 : 3)
            let text = Harness.text(of: other)
            guard text == reference.text else {
                let order = shuffled.map(\.id.description).joined(separator: ", ")
                throw BrokenLaw(
                    "any order of the objects gives the same rows (- as given, + in the order \(order))",
                    difference(reference.text, text))
            }
        }
    }

    /// The harness itself compares after each step.
    private static func incremental(_ harness: Harness, _ objects: [any Kind]) throws {
        for object in objects {
            try harness.apply(object)
            try claims(harness)
        }
        for object in objects {
            try harness.remove(object)
            try harness.apply(object)
        }
    }

    private static func again(_ harness: Harness, _ objects: [any Kind]) throws {
        let before = harness.text
        harness.engine.rerun()
        var deltas = harness.run()
        guard deltas.allSatisfy(\.rows.isEmpty), harness.text == before else {
            throw BrokenLaw("running every handler again changes nothing", difference(before, harness.text))
        }
        try harness.apply(objects)
        deltas = harness.deltas
        guard deltas.allSatisfy(\.rows.isEmpty) else {
            throw BrokenLaw("applying every object again changes nothing", difference(before, harness.text))
        }
    }

    private static func describes(_ harness: Harness) throws {
        let before = harness.engine.counts()
        for object in harness.engine.objects() {
            for fault in harness.engine.descriptions(of: object.id).compactMap(\.fault) {
                throw BrokenLaw("a describer reads only what its manifest says", fault)
            }
        }
        guard harness.engine.counts() == before, harness.run().allSatisfy(\.rows.isEmpty) else {
            throw BrokenLaw("describing an object changes nothing", "\(before), then \(harness.engine.counts())")
        }
    }

    private static func keepsLastGood(_ harness: Harness, _ objects: [any Kind], _ spoilt: any Kind) throws {
        try harness.apply(objects)
        let good = harness.rows
        let before = harness.text
        let others = good.filter { row in !harness.engine.owners(of: row.id).allSatisfy { $0.object == spoilt.id } }
        try harness.apply(spoilt)
        guard harness.problems.contains(where: { $0.object == spoilt.id && $0.what == .rejected }) else {
            throw BrokenLaw("a broken object is rejected", "\(spoilt.id) is not; problems: \(harness.problems.text)")
        }
        guard harness.text == before else {
            throw BrokenLaw("a broken object keeps its last good rows", difference(before, harness.text))
        }
        let alone = try harness.fresh(objects.filter { $0.id != spoilt.id } + [spoilt])
        for row in others where alone.contents(of: row.id) == nil {
            throw BrokenLaw("a broken object disturbs no row of another", "\(spoilt.id) prevents \(row.id)")
        }
    }

    private static func toggles(_ harness: Harness, _ module: String) throws {
        let before = harness.text
        let modules = harness.engine.enabledModules
        guard modules == [module] else { return }
        harness.engine.disable(module: module)
        harness.run()
        guard harness.rows.isEmpty else {
            throw BrokenLaw("switching a module off leaves none of its rows", harness.text)
        }
        let other = try harness.fresh(harness.applied)
        guard Harness.text(of: other) == before else {
            throw BrokenLaw(
                "switching a module on again restores its rows", difference(before, Harness.text(of: other)))
        }
    }

    private static func leavesNothing(_ harness: Harness, _ module: String, _ objects: [any Kind]) throws {
        let other = try harness.fresh(objects)
        other.apply(.changes(feed: "harness", objects.map { .remove($0.id) }, lane: .bulk))
        repeat { _ = other.turn() } while other.hasWork
        guard other.rows().isEmpty else {
            throw BrokenLaw("removing every object leaves no rows", Harness.text(of: other))
        }
        other.disable(module: module)
        _ = other.turn()
        let counts = other.counts()
        guard counts.records == 0, counts.strings == 0 else {
            throw BrokenLaw("removing every object leaves nothing in the engine", "\(counts)")
        }
    }
}

extension [Problem] {
    fileprivate var text: String { map(\.description).joined(separator: "\n") }
}

/// Random numbers that are the same each time.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
