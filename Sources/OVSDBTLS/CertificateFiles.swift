import Glibc
import NIOSSL

/// The PEM files by which a client and a server know each other.
public struct CertificateFiles: Hashable, Sendable {
    public let privateKey: String
    /// The client's certificate, with any between it and the authority after it.
    public let certificate: String
    /// The certificates of the authorities that may have signed the server's.
    public let authority: String

    public init(privateKey: String, certificate: String, authority: String) {
        self.privateKey = privateKey
        self.certificate = certificate
        self.authority = authority
    }

    /// Reads the files.
    ///
    /// Host names are not checked, as nothing in Open vSwitch does: its certificates name switches, not hosts.
    func context() throws(TLSFailure) -> NIOSSLContext {
        let keyBytes = try read("private key", privateKey)
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem) } catch {
            throw .unusable("private key", path: privateKey, "it holds no private key in PEM form without a passphrase")
        }
        let chain = try certificates("certificate", certificate)
        let authorities = try certificates("certificate of the authority", authority)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(authorities)
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw .unusable(
                "private key", path: privateKey,
                "it does not belong to the certificate \(certificate) (\(TLSFailure.words(error)))")
        }
    }

    private func certificates(_ role: String, _ path: String) throws(TLSFailure) -> [NIOSSLCertificate] {
        let bytes = try read(role, path)
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw .unusable(role, path: path, "it holds no certificate in PEM form")
        }
        return found
    }

    private func read(_ role: String, _ path: String) throws(TLSFailure) -> [UInt8] {
        func fail() -> TLSFailure { .unusable(role, path: path, String(cString: strerror(errno))) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fail() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0 { throw fail() }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        if bytes.isEmpty { throw .unusable(role, path: path, "it is empty") }
        return bytes
    }
}
