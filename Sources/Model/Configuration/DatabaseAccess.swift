/// How a daemon reaches a database that is not its node's own.
public struct DatabaseAccess: Hashable, Sendable {
    /// PEM files of this side of a TLS connection.
    public struct Certificates: Hashable, Sendable {
        public var privateKey: String
        public var certificate: String
        /// Who may have signed the server's certificate.
        public var authority: String

        public init(privateKey: String, certificate: String, authority: String) {
            self.privateKey = privateKey
            self.certificate = certificate
            self.authority = authority
        }
    }

    /// `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`; nil is the socket of this node.
    public var address: String?
    /// There when the address is `ssl:`.
    public var certificates: Certificates?

    public init(address: String? = nil, certificates: Certificates? = nil) {
        self.address = address
        self.certificates = certificates
    }

    /// How OVN's tools are told of it (ovn-nbctl(8)).
    public var toolArguments: [String] {
        let database = address.map { ["--db=\($0)"] } ?? []
        guard let certificates else { return database }
        return database + [
            "--private-key=\(certificates.privateKey)", "--certificate=\(certificates.certificate)",
            "--ca-cert=\(certificates.authority)",
        ]
    }
}

/// The settings of one database.
private struct AccessSettings {
    let address: Setting
    let privateKey: Setting
    let certificate: Setting
    let authority: Setting
}

extension SettingsReader {
    mutating func northboundAccess() -> DatabaseAccess {
        access(
            AccessSettings(
                address: .northAddress, privateKey: .northKey, certificate: .northCertificate,
                authority: .northAuthority))
    }

    mutating func southboundAccess() -> DatabaseAccess {
        access(
            AccessSettings(
                address: .southAddress, privateKey: .southKey, certificate: .southCertificate,
                authority: .southAuthority))
    }

    private mutating func access(_ settings: AccessSettings) -> DatabaseAccess {
        let address = optionalText(settings.address)
        let files = [settings.privateKey, settings.certificate, settings.authority].map { setting in
            (setting: setting, path: optionalText(setting))
        }
        if let address, !check(address, settings.address) { return DatabaseAccess() }
        guard let address, address.hasPrefix("ssl:") else {
            for case (let setting, let path?) in files {
                fail(
                    setting, "NoTLS",
                    "\(setting)=\(path) is of use only with \(settings.address)=ssl:HOST:PORT, which is "
                        + (address ?? "empty"))
            }
            return DatabaseAccess(address: address)
        }
        for (setting, path) in files where path == nil {
            fail(setting, "MissingValue", "\(setting) is empty; \(settings.address)=\(address) needs it")
        }
        let paths = files.map { $0.path ?? "" }
        return DatabaseAccess(
            address: address,
            certificates: .init(privateKey: paths[0], certificate: paths[1], authority: paths[2]))
    }

    private mutating func check(_ address: String, _ setting: Setting) -> Bool {
        if address.contains(",") {
            fail(setting, "TooMany", "\(setting)=\(address) names several servers; give the one of this zone")
            return false
        }
        let parts = address.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count == 2 ? parts[1] : ""
        let isGood =
            switch parts[0] {
            case "unix": rest.hasPrefix("/")
            case "tcp", "ssl": Self.isHostAndPort(rest)
            default: false
            }
        if !isGood {
            fail(
                setting, "BadAddress",
                "\(setting)=\(address) is no database address; write unix:/PATH, tcp:HOST:PORT or ssl:HOST:PORT")
        }
        return isGood
    }

    /// `10.0.0.1:6641`, `[fd00::1]:6641`, `nb.example:6641`.
    private static func isHostAndPort(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return false }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return IPAddress(host.dropFirst().dropLast())?.family == .v6 }
        return !host.isEmpty && !host.contains { $0 == "/" || $0 == ":" || $0.isWhitespace }
    }
}
