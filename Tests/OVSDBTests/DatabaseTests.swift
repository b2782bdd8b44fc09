import Glibc
import OVSDBTestKit
import Testing

@testable import OVSDB

@Suite(.timeLimit(.minutes(3))) struct DatabaseTests {
    /// Runs a client of a server for the time of `body`.
    private func withClient(
        _ server: DatabaseServer, endpoint: Endpoint? = nil, _ tables: [String: [String]],
        _ body: (Database) async throws -> Void
    ) async throws {
        let database = Database(name: server.kind.rawValue, endpoint: endpoint ?? server.endpoint)
        for (table, columns) in tables { database.monitor(table, columns: columns) }
        let task = Task { await database.run() }
        defer { task.cancel() }
        try await body(database)
        task.cancel()
        await task.value
    }

    private let ports = ["Logical_Switch": ["name", "ports"], "Logical_Switch_Port": ["name", "options"]]

    @Test func whatATransactionDidIsInTheReplicaWhenItReturns() async throws {
        let server = try DatabaseServer(.northbound)
        try await withClient(server, ports) { database in
            _ = try await database.wait(for: []) { $0.schema }
            for number in 0..<50 {
                let results = try await database.transact([
                    .insert(
                        "Logical_Switch",
                        [("name", .scalar(.string("s\(number)"))), ("ports", .set([.named("p")]))]),
                    .insert("Logical_Switch_Port", [("name", .scalar(.string("p\(number)")))], as: "p"),
                ])
                #expect(results.count == 2)
                let names = database.read { Set(($0["Logical_Switch_Port"]?.rows.values).map(Array.init) ?? []).count }
                #expect(names == number + 1)
            }
        }
    }

    @Test func aRefusedTransactionNamesTheOperationAtFault() async throws {
        let server = try DatabaseServer(.northbound)
        try await withClient(server, ports) { database in
            _ = try await database.wait(for: []) { $0.schema }
            let good = Operation.insert("Logical_Switch", [("name", .scalar(.string("s")))])
            let bad = Operation.insert("Logical_Switch", [("nonsense", .scalar(.string("s")))])
            let refusal = await #expect(throws: TransactionRefused.self) { try await database.transact([good, bad]) }
            #expect(refusal?.operation == 1)
            #expect(refusal?.details.contains("nonsense") == true)
            #expect(database.read { $0["Logical_Switch"]?.rows.isEmpty } == true)
        }
    }

    @Test func aBreachFoundAtCommitNamesNoOperation() async throws {
        let server = try DatabaseServer(.northbound)
        try await withClient(server, ["Address_Set": ["name"]]) { database in
            _ = try await database.wait(for: []) { $0.schema }
            let set = Operation.insert("Address_Set", [("name", .scalar(.string("s")))])
            let refusal = await #expect(throws: TransactionRefused.self) { try await database.transact([set, set]) }
            #expect(refusal?.operation == nil)
            #expect(refusal?.error == "constraint violation")
        }
    }

    @Test func changesByOthersArrive() async throws {
        let server = try DatabaseServer(.northbound)
        try await withClient(server, ports) { database in
            _ = try await database.wait(for: []) { $0.schema }
            try server.tool("ls-add", "s1", "--", "lsp-add", "s1", "p1", "--", "lsp-set-options", "p1", "a=b")
            let options = try await database.wait(for: ["Logical_Switch_Port"]) {
                $0["Logical_Switch_Port"]?.rows.keys.first.flatMap { [table = $0["Logical_Switch_Port"]] in
                    table?.value($0, "options")?.texts
                }
            }
            #expect(options == ["a": "b"])
        }
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func afterARestartOfTheServerOnlyWhatChangedMeanwhileIsNews(_ signal: Int32) async throws {
        let server = try DatabaseServer(.northbound)
        try server.tool("ls-add", "stays", "--", "ls-add", "goes")
        try await withClient(server, ["Logical_Switch": ["name"]]) { database in
            _ = try await database.wait(for: []) { $0.schema }
            let (wakes, wake) = AsyncStream.makeStream(of: Void.self)
            let subscription = database.subscribe(to: ["Logical_Switch"]) { wake.yield() }
            #expect(subscription.take().isReset)
            server.stop(signal)
            var isConnected = true
            for await _ in wakes {
                isConnected = subscription.take().isConnected
                if !isConnected { break }
            }
            #expect(!database.isConnected)
            await #expect(throws: ConnectionFailure.notConnected) { try await database.transact([]) }
            try server.start()
            try server.tool("ls-del", "goes", "--", "ls-add", "comes")
            var updates: [RowUpdate] = []
            for await _ in wakes {
                let news = subscription.take()
                #expect(!news.isReset)
                updates += news.updates
                if updates.count == 2 { break }
            }
            #expect(database.read { $0["Logical_Switch"]?.rows.count } == 2)
            let kinds = updates.map { if case .deleted = $0.what { "deleted" } else { "\($0.what)" } }
            #expect(Set(kinds) == ["deleted", "inserted"])
        }
    }

    @Test func columnsAndTablesThatTheServerLacksAreLeftOut() async throws {
        let server = try DatabaseServer(.northbound)
        try await withClient(server, ["Logical_Switch": ["name", "from_the_future"], "Future": ["name"]]) { database in
            _ = try await database.wait(for: []) { $0.schema }
            let known = database.read { ($0["Future"] == nil, $0["Logical_Switch"]?.position(of: "from_the_future")) }
            #expect(known.0)
            #expect(known.1 == nil)
        }
    }

    @Test func aServerCanBeReachedByTCP() async throws {
        let server = try DatabaseServer(.vswitch)
        server.stop()
        let port = 20_000 + Int(UInt16.random(in: 0...20_000))
        try server.start(remotes: ["ptcp:\(port):127.0.0.1"])
        try await withClient(server, endpoint: .tcp("127.0.0.1", port: port), ["Open_vSwitch": ["bridges"]]) {
            database in
            let version = try await database.wait(for: []) { $0.schema?.version }
            #expect(!version.isEmpty)
        }
    }

    @Test func aDatabaseThatTheServerLacksIsAFailureWithItsWords() async throws {
        let server = try DatabaseServer(.vswitch)
        let database = Database(name: "Nowhere", endpoint: server.endpoint)
        let task = Task { await database.run() }
        // A server that has just begun may not take the first connection; it is tried again.
        while database.failure?.contains("get_schema") != true, !Task.isCancelled { await Task.yield() }
        let failure = try #require(database.failure)
        #expect(failure.contains("Nowhere"), "\(failure)")
        task.cancel()
        await task.value
    }
}
