import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

/// Numbers that look random and are the same each time.
private struct Sequence {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493 }
    mutating func next(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }
    mutating func some(_ count: Int) -> [Int] { (0..<count).filter { _ in next(3) == 0 } }
}

/// A random network and a random vandal.
private struct World {
    var random: Sequence

    /// Puts other contents into some of the desired rows.
    mutating func change(_ bench: OVSDBBench) {
        for number in 0..<4 where random.next(2) == 0 {
            let ports = random.some(12)
            let acls = random.some(6)
            let name = "s\(number)"
            if random.next(6) == 0 {
                bench.remove(LogicalSwitch(key: .fixed(name)))
            } else {
                bench.put(
                    LogicalSwitch(
                        key: .fixed(name), acls: acls.map { RowRef(fixed: "a\(number)/\($0)") }, name: name,
                        otherConfig: Dictionary(
                            uniqueKeysWithValues: random.some(4).map { ("k\($0)", "v\(random.next(3))") }),
                        ports: ports.map { RowRef(fixed: "p\(number)-\($0)") }))
            }
            for port in 0..<12 {
                let row = LogicalSwitchPort(
                    key: .fixed("p\(number)-\(port)"), addresses: random.some(3).map { "10.0.0.\($0)" },
                    name: "p\(number)-\(port)", type: ["", "router"][random.next(2)])
                if ports.contains(port) || random.next(8) == 0 { bench.put(row) } else { bench.remove(row) }
            }
            for acl in 0..<6 {
                // Some are refused.
                let row = ACL(
                    key: .fixed("a\(number)/\(acl)"), action: .drop, direction: .toLport, match: "\(random.next(3))",
                    priority: random.next(10) == 0 ? 40_000 : random.next(3))
                if acls.contains(acl) { bench.put(row) } else { bench.remove(row) }
            }
            bench.put(
                PortGroup(
                    key: .fixed("g\(number)"), name: "g\(number)",
                    ports: random.some(12).map { RowRef(fixed: "p\(random.next(4))-\($0)") }),
                AddressSet(
                    key: .fixed("as\(number)"), addresses: random.some(30).map { "10.1.0.\($0)" }, name: "as\(number)"))
            let group = LoadBalancerGroup(
                key: .fixed("lbg\(number)"), loadBalancer: [RowRef(fixed: "lb\(random.next(4))")], name: "lbg\(number)")
            if random.next(3) == 0 { bench.remove(group) } else { bench.put(group) }
            let balancer = LoadBalancer(
                key: .fixed("lb\(number)"), name: "lb", vips: ["10.9.9.\(random.next(9)):80": ""])
            if random.next(3) == 0 { bench.remove(balancer) } else { bench.put(balancer) }
        }
    }

    /// Damages the database through the plane's own connection, so that the plane has heard of it afterwards.
    mutating func damage(_ bench: OVSDBBench) async {
        for _ in 0..<random.next(4) {
            let table = ["Logical_Switch", "Port_Group", "Address_Set", "Logical_Switch_Port", "ACL", "Load_Balancer"][
                random.next(6)]
            let rows = bench.database.read { $0[table]?.rows.keys.sorted() } ?? []
            guard !rows.isEmpty else { continue }
            let row = rows[random.next(rows.count)]
            let operation: Operation
            switch (random.next(4), table) {
            case (0, "Logical_Switch"), (0, "Port_Group"), (0, "Address_Set"), (0, "Load_Balancer"):
                operation = .delete(table, row)
            case (1, "Logical_Switch"), (1, "Port_Group"): operation = .update(table, row, [("ports", .set([]))])
            case (2, "Address_Set"): operation = .update(table, row, [("addresses", .set([.string("192.0.2.1")]))])
            // Not the tag: a row that is refused and untagged is nobody's after a restart.
            case (_, "ACL"): operation = .update(table, row, [("priority", .scalar(.integer(77)))])
            case (3, _): operation = .update(table, row, [("external_ids", .map([:]))])
            default: operation = .update(table, row, [("external_ids", .map([.string("x"): .string("y")]))])
            }
            _ = try? await bench.database.transact([operation])
        }
    }
}

@Suite(.timeLimit(.minutes(3))) struct OVSDBConvergenceTests {
    @Test(arguments: 0..<6)
    func whateverHappensAnotherPlaneFindsNothingLeftToDo(_ seed: UInt64) async throws {
        let bench = try OVSDBBench(.northbound)
        var world = World(random: Sequence(seed: seed))
        for step in 0..<25 {
            world.change(bench)
            if step > 0 { await world.damage(bench) }
            await bench.apply()
            let refused = bench.refused
            // A refused row is the only reason for a second look.
            if refused.isEmpty || step % 8 == 7 {
                await bench.restart()
                await bench.apply()
                #expect(bench.refused.keys.sorted() == refused.keys.sorted(), "seed \(seed) step \(step)")
                let statistics = bench.plane.statistics
                #expect(
                    statistics.transactions == statistics.refusals, "seed \(seed) step \(step): \(statistics)")
            }
        }
        let bad = bench.refused.keys.filter { $0.table != ACL.table }
        #expect(bad.isEmpty, "\(bench.refused)")
    }
}
