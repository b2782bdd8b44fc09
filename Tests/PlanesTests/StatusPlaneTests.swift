import Core
import Glibc
import Linux
import Model
import Planes
import Synchronization
import Testing

@Suite("status plane, files", .timeLimit(.minutes(3)))
struct StatusPlaneTests {
    private let directory = StatusDirectory()
    private let web = Pod.id("shop", "web")
    private let n1 = Node.id("", "n1.example")

    @Test("writes what is desired, follows it, and takes it away")
    func writes() async throws {
        try await directory.run { plane, store, probe in
            plane.apply(delta(1, inserted(web, ["a": "1"]), inserted(n1, ["b": "2"])))
            try await probe.until { $0.turn == 1 }
            #expect(directory.names == ["Node..n1.example.json", "Pod.shop.web.json"])
            #expect(try directory.overlay(web)?.annotations == ["a": "1"])
            plane.apply(
                delta(
                    2,
                    RowChange(
                        row(web), .updated,
                        [
                            ColumnChange(0, .map(set: ["c": "3"], removed: ["a"])),
                            ColumnChange(
                                1, .map(set: ["Ready": Condition(.true, reason: "R", message: "m").text], removed: [])),
                            ColumnChange(
                                2, .set(added: [ObjectEvent(.normal, reason: "R", message: "m").value], removed: [])),
                        ]), RowChange(row(n1), .deleted)))
            try await probe.until { $0.turn == 2 }
            #expect(directory.names == ["Pod.shop.web.json"])
            #expect(
                try directory.overlay(web)
                    == ObjectOverlay(
                        annotations: ["c": "3"], conditions: ["Ready": Condition(.true, reason: "R", message: "m")],
                        events: [ObjectEvent(.normal, reason: "R", message: "m")]))
            #expect(store.writes == 4 && probe.state.refused.isEmpty)
        }
    }

    @Test("before the first delta nothing is touched; a restart with nothing changed writes nothing")
    func restart() async throws {
        let first = delta(1, inserted(web, ["a": "1"]), inserted(n1, ["b": "2"]))
        try await directory.run { plane, _, probe in
            plane.apply(first)
            try await probe.until { $0.turn == 1 }
        }
        try directory.write(".draft.Pod.shop.web.json", "half")
        try await directory.run { plane, store, probe in
            try await probe.until(\.isConnected)
            #expect(directory.names.count == 3)
            plane.apply(first)
            try await probe.until { $0.turn == 1 }
            #expect(store.writes == 0 && directory.names.count == 2)
        }
    }

    @Test("at start removes what is not desired any more, and nothing of other writers")
    func stale() async throws {
        try directory.write("Pod.shop.old.json", "{}")
        try directory.write("Pod.shop.web.json", "{")
        try directory.write("notes.txt", "mine")
        try directory.write("../other/Pod.shop.old.json", "{}")
        try await directory.run { plane, store, probe in
            plane.apply(delta(1, inserted(web, ["a": "1"])))
            try await probe.until { $0.turn == 1 }
            #expect(directory.names == ["Pod.shop.web.json", "notes.txt"])
            #expect(Files.exists(directory.path + "/other/Pod.shop.old.json"))
            #expect(store.writes == 2)
        }
    }

    @Test("takes back what writers have said who may say nothing about a kind any more, and nothing else")
    func writers() async throws {
        let guarding = AdminNetworkPolicy.id("", "guard")
        for (writer, object) in [("n2", guarding), ("n3", guarding), ("n3", web), ("n4", guarding)] {
            try directory.write("../\(writer)/\(ObjectOverlay.fileName(of: object))", "{}")
        }
        try await directory.run { plane, _, probe in
            try await probe.until(\.isConnected)
            plane.apply(delta(1, inserted(guarding, ["a": "1"]), writers(.inserted, added: ["n2", "n3"])))
            try await probe.until { $0.turn == 1 }
            #expect(
                directory.others == [
                    "n2/AdminNetworkPolicy..guard.json", "n3/AdminNetworkPolicy..guard.json", "n3/Pod.shop.web.json",
                ]
            )
            plane.apply(delta(2, writers(.updated, added: [], removed: ["n3"])))
            try await probe.until { $0.turn == 2 }
            #expect(directory.others == ["n2/AdminNetworkPolicy..guard.json", "n3/Pod.shop.web.json"])
            // Its own words are not those of others.
            #expect(directory.names == ["AdminNetworkPolicy..guard.json"] && probe.state.refused.isEmpty)
        }
    }

    @Test("puts right what somebody deletes, edits, adds, or moves away as a whole")
    func drift() async throws {
        try await directory.run { plane, _, probe in
            plane.apply(delta(1, inserted(web, ["a": "1"])))
            try await probe.until { $0.turn == 1 }
            try Files.remove(directory["Pod.shop.web.json"])
            try await probe.until { $0.repaired == [row(web)] }
            #expect(try directory.overlay(web)?.annotations == ["a": "1"])
            try directory.write("Pod.shop.web.json", "{}")
            try await probe.until { $0.repaired == [row(web), row(web)] }
            #expect(try directory.overlay(web)?.annotations == ["a": "1"])
            try directory.write("Pod.shop.odd.json", "{}")
            try await probe.until { $0.repaired.last == row(Pod.id("shop", "odd")) }
            #expect(directory.names == ["Pod.shop.web.json"])
            try #require(rename(directory.path + "/n1", directory.path + "/gone") == 0)
            try await probe.until { _ in directory.names == ["Pod.shop.web.json"] }
            try Files.remove(directory["Pod.shop.web.json"])
            try await probe.until { _ in directory.names == ["Pod.shop.web.json"] }
        }
    }

    @Test("a row that cannot be read is refused by name, leaves what was there, and holds up nothing else")
    func refused() async throws {
        try await directory.run { plane, _, probe in
            plane.apply(delta(1, inserted(web, ["a": "1"])))
            try await probe.until { $0.turn == 1 }
            let odd = RowID(ObjectStatus.table, "odd")
            plane.apply(
                delta(
                    2, RowChange(row(web), .updated, [ColumnChange(1, .map(set: ["X": "no JSON"], removed: []))]),
                    RowChange(odd, .inserted, [ColumnChange(0, .map(set: ["a": "b"], removed: []))]),
                    inserted(n1, ["b": "2"])))
            try await probe.until { $0.turn == 2 }
            #expect(probe.state.refused[odd] == "odd is not the name of an object")
            #expect(probe.state.refused[row(web)]?.hasPrefix("condition X cannot be read: ") == true)
            #expect(probe.state.refused.count == 2)
            #expect(try directory.overlay(web)?.annotations == ["a": "1"])
            #expect(try directory.overlay(n1)?.annotations == ["b": "2"])
            plane.apply(
                delta(
                    3, RowChange(row(web), .updated, [ColumnChange(1, .map(set: [:], removed: ["X"]))]),
                    RowChange(odd, .deleted)))
            try await probe.until { $0.turn == 3 && $0.refused.isEmpty }
        }
    }

    @Test("a directory that cannot be written is reported for the rows, and tried again")
    func unwritable() async throws {
        try Files.makeDirectory(directory.path)
        try Files.write(directory.path + "/n1", "a file in the way")
        try await directory.run { plane, _, probe in
            plane.apply(delta(1, inserted(web, ["a": "1"])))
            try await probe.until { $0.turn == 1 }
            #expect(probe.state.refused[row(web)]?.contains("n1") == true)
            try Files.remove(directory.path + "/n1")
            try await probe.until { $0.refused.isEmpty }
            #expect(try directory.overlay(web)?.annotations == ["a": "1"])
        }
    }

    private func row(_ object: ObjectID) -> RowID { RowID(ObjectStatus.table, object.description) }

    /// A change of those who may speak of admin policies.
    private func writers(_ what: RowChange.What, added: [String], removed: [String] = []) -> RowChange {
        RowChange(
            RowID(StatusWriters.table, AdminNetworkPolicy.kind), what,
            [ColumnChange(0, .set(added: added.map { .string($0) }, removed: removed.map { .string($0) }))])
    }

    private func inserted(_ object: ObjectID, _ annotations: [String: String]) -> RowChange {
        RowChange(row(object), .inserted, [ColumnChange(0, .map(set: annotations, removed: []))])
    }

    private func delta(_ turn: UInt64, _ rows: RowChange...) -> Delta {
        Delta(plane: PlaneName.status, turn: turn, rows: rows)
    }
}

/// A status directory that goes with the test.
private final class StatusDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/ovbt-status-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit { _ = try? Command("rm", "-rf", path).outcome() }

    /// A file of the writer.
    subscript(_ name: String) -> String { "\(path)/n1/\(name)" }
    var names: [String] { Files.list("\(path)/n1") ?? [] }

    /// Files of other writers.
    var others: [String] {
        (Files.list(path) ?? []).filter { $0 != "n1" }
            .flatMap { writer in (Files.list("\(path)/\(writer)") ?? []).map { "\(writer)/\($0)" } }.sorted()
    }

    func write(_ name: String, _ text: String) throws {
        let file = self[name]
        try Files.makeDirectory("\(path)/n1")
        try Files.makeDirectory(String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]))
        try Files.write(file, text)
    }

    func overlay(_ object: ObjectID) throws -> ObjectOverlay? {
        let file = self[ObjectOverlay.fileName(of: object)]
        return Files.exists(file) ? try ObjectOverlay(JSONCursor(try JSON(parsing: try Files.read(file)))) : nil
    }

    func run(_ body: @Sendable (StatusPlane, FileStatusStore, PlaneProbe) async throws -> Void) async throws {
        let store = try FileStatusStore(directory: path, writer: "n1")
        let plane = try StatusPlane(store)
        let probe = PlaneProbe()
        let task = Task { try await plane.run { probe.take($0) } }
        do {
            try await body(plane, store, probe)
        } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        try await task.value
    }
}

/// Keeps what a plane reports; waits for states, never for time.
private final class PlaneProbe: Sendable {
    struct State: Sendable {
        var turn: UInt64 = 0
        var refused: [RowID: String] = [:]
        var repaired: [RowID] = []
        var isConnected = false
    }

    private struct Waiter: Sendable {
        let condition: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private let inner = Mutex<(state: State, waiter: Waiter?)>((State(), nil))

    var state: State { inner.withLock { $0.state } }

    func until(_ condition: @escaping @Sendable (State) -> Bool) async throws {
        await withCheckedContinuation { continuation in
            let holds = inner.withLock { inner in
                if condition(inner.state) { return true }
                inner.waiter = Waiter(condition: condition, continuation: continuation)
                return false
            }
            if holds { continuation.resume() }
        }
    }

    func take(_ report: PlaneReport) {
        let waiter = inner.withLock { inner -> Waiter? in
            switch report {
            case .confirmed(_, let turn): inner.state.turn = turn
            case .refused(_, let rows): inner.state.refused = rows
            case .repaired(_, let rows): inner.state.repaired += rows
            case .connected(_, let isConnected): inner.state.isConnected = isConnected
            }
            guard let waiter = inner.waiter, waiter.condition(inner.state) else { return nil }
            inner.waiter = nil
            return waiter
        }
        waiter?.continuation.resume()
    }
}
