import OVSDB
import OVSDBTLS
import Testing

/// Against a real ovsdb-server that listens on `pssl:`. Each fault is put right at the end: the client has to be still
/// trying, and to read its files again.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SecureConnectionTests {
    private func first(_ reasons: AsyncStream<String>) async throws -> String {
        var iterator = reasons.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    @Test func aClientAndAServerOfOneAuthorityConnectAndChangesArrive() async throws {
        let bench = try SecureBench()
        // Neither name is that of the host.
        try bench.start(bench.authority.issue("a-server"))
        let (database, _) = bench.connect(try bench.authority.issue("a-client"))
        try await bench.expectRow("s1", in: database)
        let results = try await database.transact([.insert("Logical_Switch", [("name", .scalar(.string("s2")))])])
        #expect(results.count == 1)
        #expect(try bench.server.tool("--bare", "--columns=name", "find", "Logical_Switch", "name=s2") == "s2")
    }

    @Test func aServerOfAnotherAuthorityIsNotTrusted() async throws {
        let bench = try SecureBench()
        let other = try Authority("other", in: bench.directory)
        try bench.start(bench.authority.issue("server"))
        let trusted = "\(bench.directory)/trusted.pem"
        try bench.copy(other.certificate, to: trusted)
        let (database, reasons) = bench.connect(try bench.authority.issue("client").with(authority: trusted))
        let reason = try await first(reasons)
        #expect(reason == TLSFailure.untrusted(authority: trusted).description)
        #expect(!database.isConnected && database.failure == reason)
        #expect(database.read { $0.schema } == nil)
        try bench.copy(bench.authority.certificate, to: trusted)
        try await bench.expectRow("s1", in: database)
    }

    @Test func aKeyFileThatIsMissingIsNamed() async throws {
        let bench = try SecureBench()
        try bench.start(bench.authority.issue("server"))
        let files = try bench.authority.issue("client")
        let key = "\(bench.directory)/late.key"
        let (database, reasons) = bench.connect(files.with(privateKey: key))
        #expect(
            try await first(reasons) == "the private key \(key) cannot be used: No such file or directory")
        try bench.copy(files.privateKey, to: key)
        try await bench.expectRow("s1", in: database)
    }

    @Test func aServerWithoutTLSIsToldFromOneThatIsNotTrusted() async throws {
        let bench = try SecureBench()
        try bench.start(nil)
        let (database, reasons) = bench.connect(try bench.authority.issue("client"))
        let reason = try await first(reasons)
        #expect(reason.contains("pssl:"), "\(reason)")
        bench.server.stop()
        try bench.start(bench.authority.issue("server"))
        try await bench.expectRow("s1", in: database)
    }

    @Test func aServerThatDoesNotTrustTheClientIsQuoted() async throws {
        let bench = try SecureBench()
        let other = try Authority("other", in: bench.directory)
        try bench.start(bench.authority.issue("server"))
        let files = try other.issue("client").with(authority: bench.authority.certificate)
        let (database, reasons) = bench.connect(files)
        let reason = try await first(reasons)
        #expect(reason.hasPrefix("the server does not accept this side"), "\(reason)")
        #expect(reason.contains(files.certificate) && reason.contains("unknown ca"), "\(reason)")
        let good = try bench.authority.issue("client")
        try bench.copy(good.certificate, to: files.certificate)
        try bench.copy(good.privateKey, to: files.privateKey)
        try await bench.expectRow("s1", in: database)
    }

    @Test func afterARotationTheNextConnectionUsesTheNewFiles() async throws {
        let bench = try SecureBench()
        try bench.start(bench.authority.issue("server"))
        let files = try bench.authority.issue("client")
        let (database, reasons) = bench.connect(files)
        try await bench.expectRow("s1", in: database)
        let next = try Authority("next", in: bench.directory)
        let new = try next.issue("client")
        try bench.copy(new.privateKey, to: files.privateKey)
        try bench.copy(new.certificate, to: files.certificate)
        try bench.copy(new.authority, to: files.authority)
        #expect(database.isConnected)
        bench.server.stop()
        #expect(try await first(reasons) == ConnectionFailure.closed.description)
        try bench.start(next.issue("server"))
        try await bench.expectRow("s2", in: database)
    }

    @Test func withoutCertificatesTheClientSaysWhatItNeeds() async throws {
        let bench = try SecureBench()
        try bench.start(bench.authority.issue("server"))
        let (database, reasons) = bench.connect(nil)
        // A server that does not listen yet may be told first.
        let told = await reasons.first { $0 == ConnectionFailure.unsecured.description }
        #expect(told != nil)
        #expect(!database.isConnected)
    }
}
