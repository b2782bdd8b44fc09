import CNI
import Glibc
import LocalHTTP
import Model

/// One run of the plugin: what goes to standard output, and whether it is an error.
struct Plugin {
    let environment: [String: String]
    let input: () throws(CNIError) -> [UInt8]

    /// ADD may take the daemon's two minutes; the runtime gives up on its own when it has less patience.
    private static let patience = 130

    func run() -> (output: JSON, isError: Bool) {
        var version = CNIVersion.newest
        do {
            let command = try CNIRequest.command(in: environment)
            if command == .version { return (versions(), false) }
            let bytes = try input()
            version = Self.version(in: bytes) ?? version
            let request = try CNIRequest(environment: environment, input: bytes)
            return try serve(request)
        } catch {
            return (error.json(for: version), true)
        }
    }

    /// VERSION takes anything on standard input, and nothing.
    private func versions() -> JSON {
        let asked = (try? input()).flatMap(Self.version)
        return [
            "cniVersion": .string((asked ?? .newest).rawValue),
            "supportedVersions": .array(CNIVersion.allCases.map { .string($0.rawValue) }),
        ]
    }

    private static func version(in bytes: [UInt8]) -> CNIVersion? {
        guard let json = try? JSON(parsing: bytes), let text = try? JSONCursor(json)["cniVersion"].string() else {
            return nil
        }
        return CNIVersion(rawValue: text)
    }

    private func serve(_ request: CNIRequest) throws(CNIError) -> (JSON, Bool) {
        if request.command.needsNamespace, access(request.namespace, F_OK) != 0 {
            throw CNIError(
                .invalidEnvironment, "the container's network namespace is not there",
                details: "CNI_NETNS=\"\(request.namespace)\": \(String(cString: strerror(errno)))")
        }
        let daemon = Daemon(
            socket: environment["OVENBIRD_CNI_SOCKET"] ?? request.configuration.socket ?? Daemon.defaultSocket)
        do {
            return try daemon.answer(to: request, within: Self.patience)
        } catch {
            return try withoutDaemon(request, daemon, error)
        }
    }

    /// What is to be said when the daemon is away.
    private func withoutDaemon(
        _ request: CNIRequest, _ daemon: Daemon, _ failure: LocalHTTP.Failure
    ) throws(CNIError) -> (JSON, Bool) {
        let words = "the node daemon does not answer"
        switch request.command {
        case .del:
            return try Deletion(request: request, daemon: daemon).leave()
        case .status:
            throw CNIError(.unavailable, words, details: "\(failure)")
        default:
            throw CNIError(.tryAgainLater, words, details: "\(failure)")
        }
    }
}
