import Glibc
import Logging
import OVSDB
import OVSDBTLS
import OVSDBTestKit
import Testing

/// A real server that speaks TLS, and what its client logs.
final class SecureBench {
    let server: DatabaseServer
    let authority: Authority
    private let port = 20_000 + Int.random(in: 0...12_000)
    private var tasks: [Task<Void, Never>] = []

    var directory: String { server.directory }

    init() throws {
        server = try DatabaseServer(.northbound)
        server.stop()
        authority = try Authority("ours", in: server.directory)
    }

    deinit { for task in tasks { task.cancel() } }

    /// Starts the server, without TLS when it gets no files.
    func start(_ files: CertificateFiles?) throws {
        let method = files == nil ? "ptcp" : "pssl"
        try server.start(remotes: ["\(method):\(port):127.0.0.1"], options: files?.serverOptions ?? [])
    }

    /// Starts a client; the stream has the reasons for which it has no connection.
    func connect(_ files: CertificateFiles?) -> (database: Database, reasons: AsyncStream<String>) {
        let (reasons, continuation) = AsyncStream.makeStream(of: String.self)
        let database = Database(
            name: "OVN_Northbound", endpoint: .ssl("127.0.0.1", port: port), security: files.map { .tls($0) },
            logger: Logger(label: "test") { _ in ReasonLog(told: continuation) })
        database.monitor("Logical_Switch", columns: ["name"])
        tasks.append(Task { await database.run() })
        return (database, reasons)
    }

    /// Makes a row by the server's own socket and waits until the client sees it.
    func expectRow(_ name: String, in database: Database) async throws {
        try server.tool("ls-add", name)
        _ = try await database.wait(for: ["Logical_Switch"]) { replica -> Bool? in
            guard let table = replica["Logical_Switch"] else { return nil }
            return table.rows.keys.contains { table.value($0, "name")?.single?.text == name } ? true : nil
        }
        #expect(database.isConnected)
        #expect(database.failure == nil)
    }

    /// Puts a file in the place of another.
    func copy(_ from: String, to: String) throws { _ = try DatabaseServer.run("/bin/cp", [from, to]) }
}

private struct ReasonLog: LogHandler {
    let told: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(told: AsyncStream<String>.Continuation) { self.told = told }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if let reason = event.metadata?["reason"] { told.yield("\(reason)") }
    }
}
