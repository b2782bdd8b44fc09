import Foundation
import NIOSSL
import Testing

@testable import OVSDBTLS

@Suite struct CertificateFilesTests {
    private let directory: String

    init() throws {
        directory = "/tmp/ovbt-tls-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func failure(_ files: CertificateFiles) -> String? {
        do {
            _ = try files.context()
            return nil
        } catch { return error.description }
    }

    @Test func eachFileThatCannotBeUsedIsNamedWithTheReason() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let authority = try Authority("ours", in: directory)
        let good = try authority.issue("one")
        let other = try authority.issue("other")
        #expect(failure(good) == nil)
        let missing = "\(directory)/missing.pem"
        #expect(
            failure(good.with(certificate: missing))
                == "the certificate \(missing) cannot be used: No such file or directory")
        #expect(
            failure(good.with(authority: missing))
                == "the certificate of the authority \(missing) cannot be used: No such file or directory")
        #expect(
            failure(good.with(privateKey: directory))
                == "the private key \(directory) cannot be used: Is a directory")
        let empty = "\(directory)/empty.pem"
        try "".write(toFile: empty, atomically: true, encoding: .utf8)
        #expect(failure(good.with(certificate: empty)) == "the certificate \(empty) cannot be used: it is empty")
        #expect(
            failure(good.with(certificate: good.privateKey))
                == "the certificate \(good.privateKey) cannot be used: it holds no certificate in PEM form")
        #expect(failure(good.with(privateKey: good.certificate))?.contains("no private key in PEM form") == true)
        let mixed = try #require(failure(good.with(privateKey: other.privateKey)))
        #expect(mixed.contains(other.privateKey) && mixed.contains(good.certificate), "\(mixed)")
        #expect(mixed.contains("does not belong"), "\(mixed)")
    }

    @Test func aKeyWithAPassphraseIsRefusedAndNobodyIsAsked() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let good = try Authority("ours", in: directory).issue("one")
        let locked = "\(directory)/locked.key"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["ec", "-in", good.privateKey, "-aes128", "-passout", "pass:secret", "-out", locked]
        process.standardError = nil
        try process.run()
        process.waitUntilExit()
        #expect(failure(good.with(privateKey: locked))?.contains("without a passphrase") == true)
    }

    @Test func libraryErrorsThatAreNotOfTLSKeepTheirWords() {
        let files = CertificateFiles(privateKey: "k", certificate: "c", authority: "a")
        #expect(TLSFailure(CancellationError(), files) == nil)
        #expect(
            TLSFailure(NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])), files) == .endedInHandshake)
        #expect(TLSFailure(NIOSSLError.noCertificateToValidate, files) == .failed("noCertificateToValidate"))
    }
}
