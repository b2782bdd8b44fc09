import NIOSSL

/// Why a connection could not be secured.
public enum TLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case unusable(String, path: String, String)
    /// The server's certificate is not by one of our authorities, or is not valid now.
    case untrusted(authority: String)
    /// The server tells us why it ends the handshake.
    case refused(certificate: String, String)
    case notTLS
    case endedInHandshake
    case failed(String)

    public var description: String {
        switch self {
        case .unusable(let role, let path, let words): "the \(role) \(path) cannot be used: \(words)"
        case .untrusted(let authority):
            "the server's certificate is not signed by an authority in \(authority), or is not valid at this time"
        case .refused(let certificate, let words):
            "the server does not accept this side, whose certificate is \(certificate): \(words)"
        case .notTLS: "the server answers without TLS; use tcp: instead of ssl:, or let it listen on pssl:"
        case .endedInHandshake:
            "the server closed the connection during the TLS handshake; does it listen on pssl: rather than ptcp:?"
        case .failed(let words): "TLS failed: \(words)"
        }
    }

    /// What an error of the TLS library means; nil for errors that are of another kind.
    init?(_ error: any Error, _ files: CertificateFiles) {
        let boring: BoringSSLError
        switch error {
        case NIOSSLError.handshakeFailed(.sslError(let stack)) where stack.contains(.eofDuringHandshake):
            self = .endedInHandshake
            return
        case NIOSSLError.handshakeFailed(let inner): boring = inner
        case let inner as BoringSSLError: boring = inner
        case is NIOSSLError, is NIOSSLExtraError:
            self = .failed("\(error)")
            return
        default: return nil
        }
        let words = Self.words(boring)
        if words.contains("certificate verify failed") {
            self = .untrusted(authority: files.authority)
        } else if words.contains("alert") {
            self = .refused(certificate: files.certificate, words)
        } else if words.contains("wrong version number") || words.contains("http request") {
            self = .notTLS
        } else {
            self = .failed(words)
        }
    }

    /// `error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at file.cc:1` becomes
    /// `certificate verify failed`.
    static func words(_ error: any Error) -> String {
        let stack: NIOBoringSSLErrorStack
        switch error {
        case BoringSSLError.sslError(let errors), BoringSSLError.unknownError(let errors): stack = errors
        default: return "\(error)"
        }
        let reasons = stack.map { entry in
            let text = entry.description.split(separator: " at ").first.map(String.init) ?? ""
            guard let colon = text.lastIndex(of: ":") else { return text }
            return text[text.index(after: colon)...].lowercased().split(separator: "_").joined(separator: " ")
        }
        return reasons.isEmpty ? "\(error)" : reasons.joined(separator: ", ")
    }
}
