import Glibc
import OVSDBTLS
import OVSDBTestKit

/// A certificate authority of a test.
struct Authority {
    let directory: String
    var certificate: String { "\(directory)/authority.pem" }

    /// Makes it in a folder of its own inside another.
    init(_ name: String, in parent: String) throws {
        directory = "\(parent)/\(name)"
        mkdir(directory, 0o755)
        try Self.openssl(
            ["req", "-x509", "-out", certificate, "-keyout", "\(directory)/authority.key", "-days", "2"]
                + Self.subject(name))
    }

    /// Makes a key and a certificate.
    func issue(_ name: String) throws -> CertificateFiles {
        let base = "\(directory)/\(name)"
        try Self.openssl(["req", "-out", "\(base).csr", "-keyout", "\(base).key"] + Self.subject(name))
        try Self.openssl([
            "x509", "-req", "-in", "\(base).csr", "-CA", certificate, "-CAkey", "\(directory)/authority.key",
            "-CAcreateserial", "-days", "2", "-out", "\(base).pem",
        ])
        return CertificateFiles(privateKey: "\(base).key", certificate: "\(base).pem", authority: certificate)
    }

    private static func subject(_ name: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)"]
    }

    private static func openssl(_ arguments: [String]) throws {
        _ = try DatabaseServer.run("/usr/bin/openssl", arguments)
    }
}

extension CertificateFiles {
    /// What a server needs to use them.
    var serverOptions: [String] {
        ["--private-key=\(privateKey)", "--certificate=\(certificate)", "--ca-cert=\(authority)"]
    }

    func with(privateKey: String? = nil, certificate: String? = nil, authority: String? = nil) -> CertificateFiles {
        CertificateFiles(
            privateKey: privateKey ?? self.privateKey, certificate: certificate ?? self.certificate,
            authority: authority ?? self.authority)
    }
}
