import CNI
import Control
public import Core
import Model

/// Serves the CNI executable: every ADD that has not been taken back is an `Attachment`.
public struct CNIFeed: Feed {
    public static let name = "cni"
    public var name: String { Self.name }

    private let socket: String
    private let files: AttachmentFiles
    private let resolver: any AttachmentResolver
    private let deadline: Duration

    /// `stateDirectory` keeps the attachments over a restart; `deadline` is what one ADD may take.
    public init(
        socket: String, stateDirectory: String, resolver: any AttachmentResolver, deadline: Duration = .seconds(120)
    ) {
        self.socket = socket
        self.resolver = resolver
        self.deadline = deadline
        files = AttachmentFiles(directory: stateDirectory, socket: socket)
    }

    public func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws { try await run(listening: {}, emit) }

    /// `listening` is called when the executable can connect; everything is listed by then.
    public func run(
        listening: @Sendable () -> Void, _ emit: @escaping @Sendable (FeedEvent) -> Void
    ) async throws {
        let table = AttachmentTable(files: files, emit: emit)
        await table.list()
        let server = LocalServer(socket: socket) { request in await answer(request, table) }
        try await server.run(listening: listening)
        await table.stopAll()
    }

    private func answer(_ request: LocalServer.Request, _ table: AttachmentTable) async -> LocalServer.Answer {
        guard request.method == "POST", request.path == "/cni" else {
            return .init(404, "only POST /cni is served here\n")
        }
        var version = CNIVersion.newest
        do {
            let request = try CNIRequest(sent: request.body)
            version = request.configuration.version
            let result = try await serve(request, table)
            return .init(200, result?.json(for: version).text() ?? "")
        } catch {
            return .init(500, error.json(for: version).text())
        }
    }

    private func serve(_ request: CNIRequest, _ table: AttachmentTable) async throws(CNIError) -> CNIResult? {
        switch request.command {
        case .add:
            let attachment = try await table.put(request)
            return try await table.wait(for: request, attachment, resolver, deadline: deadline)
        case .del:
            try await table.remove(request)
        case .check:
            guard let attachment = await table.attachment(request) else {
                throw CNIError(
                    .unknownContainer, "nothing is attached",
                    details: "\(request.interface) of container \(request.containerID) was never added")
            }
            try await resolver.check(attachment)
        case .gc:
            guard let valid = request.configuration.validAttachments else {
                throw CNIError(
                    .invalidConfiguration, "the network configuration is wrong",
                    details: "GC needs cni.dev/valid-attachments")
            }
            try await table.keep(only: valid, network: request.configuration.name)
        case .status:
            try await resolver.status()
        case .version:
            throw CNIError(.invalidEnvironment, "VERSION is answered by the plugin itself")
        }
        return nil
    }
}
