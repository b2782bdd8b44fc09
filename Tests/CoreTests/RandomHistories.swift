import Testing

@testable import Core

/// The engine against loops over all objects, over random histories.
///
/// A failure names its seed: put it into `seeds` to repeat that history alone.
@Suite("Random histories")
struct RandomHistories {
    static let seeds: [UInt64] = Array(1...24)
    static let turns = 60

    @Test("give after each turn the table of brute force and of a replica fed with deltas", arguments: seeds)
    func history(seed: UInt64) throws {
        var run = try Run(seed: seed)
        for turn in 0..<Self.turns {
            run.step(turn)
            let expected = run.oracle.table(run.engine)
            try #require(run.engine.table == expected, "seed \(seed), turn \(turn): \(run.difference(expected))")
            guard run.engine.isHandedOver else { continue }
            try #require(run.replica.rows == expected, "seed \(seed), turn \(turn): the deltas do not add up")
            try #require(run.replica.faults.isEmpty, "seed \(seed), turn \(turn): \(run.replica.faults)")
            try #require(!run.engine.hasWork)
        }
        run.mend()
        try run.compareWithShuffled(seed)
        try run.toggle("marker", seed)
        try run.toggle("policy", seed)
        try run.removeEverything(seed)
    }
}

/// One history with its engine, oracle and replica.
struct Run {
    let engine: Engine
    var oracle = Oracle()
    var replica = Replica()
    var history: History
    private var objects: [ObjectID: any Kind] = [:]
    private let order: [String]
    private let listsAt: Int

    init(seed: UInt64) throws {
        history = History(seed: seed)
        order = seed % 2 == 0 ? ["policy", "marker"] : ["marker", "policy"]
        listsAt = seed % 3 == 0 ? 10 : 0
        oracle.modules = order
        engine = try Self.makeEngine(order)
        engine.expect(feed: "test", kinds: [Pod.self, Namespace.self, Policy.self, Marker.self])
    }

    private static func makeEngine(_ order: [String]) throws -> Engine {
        let engine = Engine(scope: .node, order: order)
        engine.attach(plane: "nb")
        engine.attach(plane: "host")
        try engine.enable(PolicyModule())
        try engine.enable(MarkerModule())
        return engine
    }

    mutating func step(_ turn: Int) {
        let changes = history.changes()
        for change in changes {
            if case .put(let object) = change {
                objects[object.id] = object
                oracle.put(object)
            } else {
                objects[change.id] = nil
                oracle.remove(change.id)
            }
        }
        engine.apply(.changes(feed: "test", changes, lane: .bulk))
        if turn == listsAt { engine.apply(.listed(feed: "test")) }
        takeTurn()
    }

    private mutating func takeTurn() {
        oracle.turn()
        replica.apply(engine.turn().deltas)
    }

    func difference(_ expected: [RowID: RowContent]) -> String {
        let table = engine.table
        return Set(table.keys).union(expected.keys).sorted().filter { table[$0] != expected[$0] }.map {
            "\($0): engine \(String(describing: table[$0])), brute force \(String(describing: expected[$0]))"
        }.joined(separator: "\n")
    }

    /// Makes broken policies good, so that the table follows from the objects alone.
    mutating func mend() {
        for case var policy as Policy in objects.values where policy.isBroken {
            policy.isBroken = false
            objects[policy.id] = policy
            oracle.put(policy)
            engine.put(policy)
        }
        takeTurn()
    }

    mutating func compareWithShuffled(_ seed: UInt64) throws {
        let other = try Self.makeEngine(order)
        let shuffled = objects.values.sorted { $0.id < $1.id }.shuffled(using: &history.random)
        other.slice = 1 + history.random.below(7)
        other.apply(.changes(feed: "test", shuffled.map { .put($0) }, lane: .bulk))
        repeat { _ = other.turn() } while other.hasWork
        try #require(other.table == engine.table, "seed \(seed): another order gives another table")
        #expect(other.problems().map(\.description) == engine.problems().map(\.description), "seed \(seed)")
    }

    mutating func toggle(_ module: String, _ seed: UInt64) throws {
        let before = engine.table
        engine.disable(module: module)
        oracle.modules = order.filter { $0 != module }
        takeTurn()
        let without = oracle.table(engine)
        try #require(engine.table == without, "seed \(seed): \(module) off: \(difference(without))")
        if module == "policy" { try engine.enable(PolicyModule()) } else { try engine.enable(MarkerModule()) }
        oracle.modules = order
        takeTurn()
        try #require(engine.table == before, "seed \(seed): \(module) on again: \(difference(before))")
        try #require(replica.rows == before, "seed \(seed): \(module) toggled: the deltas do not add up")
        try #require(replica.faults.isEmpty, "seed \(seed): \(replica.faults)")
    }

    mutating func removeEverything(_ seed: UInt64) throws {
        engine.apply(.changes(feed: "test", objects.keys.sorted().map { .remove($0) }, lane: .bulk))
        replica.apply(engine.turn().deltas)
        try #require(engine.rows().isEmpty && replica.rows.isEmpty, "seed \(seed)")
        engine.disable(module: "policy")
        engine.disable(module: "marker")
        _ = engine.turn()
        let counts = engine.counts()
        try #require(counts.records == 0, "seed \(seed): \(engine.census)")
        try #require(counts.strings == 0, "seed \(seed): \(engine.census)")
        try #require(engine.vecs.inUse == 0, "seed \(seed)")
    }
}

extension Engine {
    /// What is left, by kind of record.
    var census: [String: Int] {
        [
            "slots": slots.live, "spaces": spaces.live, "buckets": buckets.live, "holders": holders.live,
            "groups": groups.live, "anchors": anchors.live, "rows": rows.live, "facts": facts.live,
            "columns": columns.live, "projections": projections.live, "counters": counters.live, "cells": cells.live,
            "edges": edges.live, "publications": publications.live, "atoms": atoms.live, "pairs": pairs.live,
            "labelSets": labelSets.live, "selectors": selectors.live, "values": values.live, "bundles": bundles.live,
        ].filter { $0.value > 0 }
    }
}
