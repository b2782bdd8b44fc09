import Testing

@testable import Core

@Suite("Lanes and settling")
struct LaneTests {
    let engine = Engine(scope: .node)

    private func pod(_ number: Int, _ address: String = "") -> Pod {
        Pod(namespace: "shop", name: "p\(number)", addresses: [address])
    }

    @Test("a turn takes a slice of bulk changes, and only the newest of each object")
    func slices() {
        engine.slice = 2
        engine.put(pod(1, "a"), pod(2), pod(3), pod(1, "b"))
        #expect(engine.turn().statistics.objectChanges == 2)
        #expect(engine.hasWork)
        #expect(engine.object(Pod.self, "shop", "p1")?.addresses == ["b"])
        #expect(engine.object(Pod.self, "shop", "p3") == nil)
        #expect(engine.turn().statistics.objectChanges == 1)
        #expect(engine.object(Pod.self, "shop", "p3") != nil)
        #expect(!engine.hasWork)
    }

    @Test("an attachment goes before bulk work and takes its companions along")
    func attachment() {
        engine.slice = 1
        engine.companions = { object in [Pod(namespace: "shop", name: object.name).id] }
        engine.put(pod(1), pod(2), pod(3))
        engine.apply(.changes(feed: "cni", [.put(Claim(name: "p3"))], lane: .attachment))
        _ = engine.turn()
        #expect(engine.object(Claim.self, "", "p3") != nil)
        #expect(engine.object(Pod.self, "shop", "p3") != nil)
        #expect(engine.object(Pod.self, "shop", "p1") != nil)
        #expect(engine.object(Pod.self, "shop", "p2") == nil)
    }

    @Test("the listing of a feed counts when the changes before it have been taken")
    func listing() {
        engine.slice = 1
        engine.expect(feed: "pods", kinds: [Pod.self])
        engine.attach(plane: "nb")
        engine.put(pod(1), pod(2))
        engine.apply(.listed(feed: "pods"))
        #expect(engine.turn().deltas.isEmpty)
        #expect(engine.turn().deltas.isEmpty)
        #expect(engine.turn().deltas.map(\.plane) == ["nb"])
    }

    @Test("an object is settled when every plane has confirmed the turn of its cells")
    func settled() throws {
        try engine.enable(PolicyModule())
        engine.attach(plane: "nb")
        engine.attach(plane: "host")
        let policy = Policy(namespace: "shop", name: "p")
        engine.put(pod(1), policy)
        #expect(!engine.isSettled(policy.id), "it waits")
        let first = engine.turn().turn
        #expect(!engine.isSettled(policy.id), "nobody has confirmed")
        engine.report(.confirmed(plane: "nb", turn: first))
        #expect(!engine.isSettled(policy.id), "the host plane has not confirmed")
        engine.report(.confirmed(plane: "host", turn: first))
        #expect(engine.isSettled(policy.id))

        engine.put(pod(2))
        let second = engine.turn()
        #expect(second.deltas.map(\.plane) == ["nb"])
        #expect(!engine.isSettled(pod(2).id))
        #expect(engine.isSettled(policy.id), "what came before does not wait for what came after")
        engine.report(.confirmed(plane: "nb", turn: second.turn))
        #expect(engine.isSettled(pod(2).id))
    }

    @Test("refused rows are problems of their owners until they are taken")
    func refused() throws {
        try engine.enable(PolicyModule())
        let policy = Policy(namespace: "shop", name: "p")
        engine.put(pod(1), policy)
        _ = engine.turn()
        let row = RowID(ACL.table, "policy/shop/p/in")
        engine.report(.refused(plane: "nb", rows: [row: "syntax error"]))
        #expect(engine.hasWork)
        #expect(engine.turn().problemsChanged)
        #expect(engine.problems().map(\.what) == [.refused])
        #expect(engine.problems()[0].object == policy.id)
        #expect(engine.problems()[0].message == "nb/ACL/policy/shop/p/in is refused: syntax error")
        engine.report(.refused(plane: "nb", rows: [:]))
        _ = engine.turn()
        #expect(engine.problems().isEmpty)
    }
}
