import Synchronization
import Testing

@testable import OVSDB

@Suite(.timeLimit(.minutes(3))) struct ProtocolTests {
    private static let schema = """
        {"name":"D","version":"1.0.0","tables":{"T":{"isRoot":true,"columns":{"one":{"type":"string"}}}}}
        """
    private static let row = "11111111-1111-4111-8111-111111111111"

    private func run(_ server: FakeServer) -> (Database, Task<Void, Never>) {
        let database = Database(name: "D", endpoint: .tcp("127.0.0.1", port: server.port))
        database.monitor("T", columns: ["one"])
        return (database, Task { await database.run() })
    }

    private func value(_ database: Database, _ expected: String) async throws {
        _ = try await database.wait(for: ["T"]) { replica in
            guard let row = RowUUID(Self.row) else { return nil as Bool? }
            return replica["T"]?.value(row, "one")?.single?.text == expected ? true : nil
        }
    }

    /// The contents by `monitor`, then an update of the same kind.
    private static func plain(_ id: Int) -> [String] {
        [
            #"{"id":\#(id),"error":null,"result":{"T":{"\#(row)":{"new":{"one":"a"}}}}}"#,
            #"{"id":null,"method":"update","params":["all",{"T":{"\#(row)":{"old":{"one":"a"},"new":{"one":"b"}}}}]}"#,
        ]
    }

    @Test func anOldServerIsAskedInTheOldWay() async throws {
        let server = try await FakeServer { method, id in
            switch method {
            case "get_schema": [#"{"id":\#(id),"error":null,"result":\#(Self.schema)}"#]
            case "monitor": Self.plain(id)
            default: [#"{"id":\#(id),"error":"unknown method","result":null}"#]
            }
        }
        let (database, task) = run(server)
        defer { task.cancel() }
        try await value(database, "b")
        var methods: [String] = []
        for await method in server.heard {
            methods.append(method)
            if method == "monitor" { break }
        }
        #expect(methods == ["get_schema", "monitor_cond_since", "monitor_cond", "monitor"])
    }

    @Test func aConnectionOnWhichTheServerRefusesIsGivenUp() async throws {
        let server = try await FakeServer { _, id in [#"{"id":\#(id),"error":"no such database","result":null}"#] }
        let (database, task) = run(server)
        defer { task.cancel() }
        for await event in server.heard where event == "closed" { break }
        while database.failure == nil { await Task.yield() }
        #expect(database.failure?.contains("no such database") == true)
    }

    @Test func anEchoRequestIsAnsweredWithItsOwnIDAndParams() async throws {
        let server = try await FakeServer { method, id in
            method == "get_schema"
                ? [
                    #"{"id":"probe","method":"echo","params":["x"]}"#,
                    #"{"id":\#(id),"error":null,"result":\#(Self.schema)}"#,
                ] : []
        }
        let (_, task) = run(server)
        defer { task.cancel() }
        for await text in server.heard where text.hasPrefix("reply") {
            #expect(text == #"reply {"id":"probe","error":null,"result":["x"]}"#)
            break
        }
    }

    @Test func nonsenseEndsTheConnectionAndAnotherIsTried() async throws {
        let rounds = Mutex(0)
        let server = try await FakeServer { method, id in
            if method == "get_schema" {
                let round = rounds.withLock { count in
                    count += 1
                    return count
                }
                return round == 1 ? ["[]"] : [#"{"id":\#(id),"error":null,"result":\#(Self.schema)}"#]
            }
            return method == "monitor"
                ? Self.plain(id) : [#"{"id":\#(id),"error":"unknown method","result":null}"#]
        }
        let (database, task) = run(server)
        defer { task.cancel() }
        try await value(database, "b")
        #expect(rounds.withLock { $0 } == 2)
    }

    @Test func theReasonWhyAConnectionEndsIsKept() async throws {
        let server = try await FakeServer { method, id in
            [#"{"id":\#(id),"error":null,"result":\#(Self.schema)}"#, #"{"x":1}"#]
        }
        let (database, task) = run(server)
        defer { task.cancel() }
        while database.failure == nil { await Task.yield() }
        #expect(database.failure?.contains("bad JSON") == true)
        #expect(!database.isConnected)
    }

    @Test func aServerThatKeepsAHistorySendsOnlyWhatChanged() async throws {
        let rounds = Mutex(0)
        let server = try await FakeServer { method, id in
            switch method {
            case "get_schema": return [#"{"id":\#(id),"error":null,"result":\#(Self.schema)}"#]
            case "monitor_cond_since":
                let round = rounds.withLock { count in
                    count += 1
                    return count
                }
                if round == 1 {
                    let reply =
                        #"{"id":\#(id),"error":null,"result":[false,"s1",{"T":{"\#(Self.row)":{"initial":{"one":"a"}}}}]}"#
                    // And then the connection breaks.
                    return [reply, "nonsense"]
                }
                return [
                    #"{"id":\#(id),"error":null,"result":[true,"s2",{"T":{"\#(Self.row)":{"modify":{"one":"c"}}}}]}"#
                ]
            default: return []
            }
        }
        let (database, task) = run(server)
        defer { task.cancel() }
        try await value(database, "c")
        #expect(database.read { $0["T"]?.rows.count } == 1)
        #expect(database.state.withLock { $0.lastTransaction } == "s2")
    }
}
