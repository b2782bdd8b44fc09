import CNI
import Core
import Linux
import Model

/// The attachments on disk: one file per interface, the runtime's own ADD request.
///
/// A file is there before the runtime gets its answer and until DEL, so a restarted daemon knows every interface.
struct AttachmentFiles: Sendable {
    let directory: String
    /// Where the executable leaves the DELs that nobody took (see `CNIRequest.deletions`).
    let deletions: String

    init(directory: String, socket: String) {
        self.directory = directory
        let end = socket.lastIndex(of: "/") ?? socket.startIndex
        deletions = "\(socket[..<end])/\(CNIRequest.deletions)"
    }

    func save(_ request: CNIRequest) throws(CNIError) {
        do { try AtomicFile.write(request.json.text().utf8, to: "\(directory)/\(request.fileName)") } catch {
            throw CNIError(.tryAgainLater, "the attachment cannot be kept on disk", details: "\(error)")
        }
    }

    func remove(_ request: CNIRequest) throws(CNIError) {
        do { try Files.remove("\(directory)/\(request.fileName)") } catch {
            throw CNIError(.tryAgainLater, "the attachment cannot be removed from the disk", details: "\(error)")
        }
    }

    /// What there was when the daemon stopped, less what was deleted since and what lost its network namespace.
    func load() -> (requests: [CNIRequest], failures: [FeedFailure]) {
        var failures: [FeedFailure] = []
        let deleted = Set(read(deletions, &failures).map { $0.request.fileName })
        var kept: [CNIRequest] = []
        for (path, request) in read(directory, &failures) {
            if deleted.contains(request.fileName) || !Files.exists(request.namespace) {
                try? Files.remove(path)
            } else {
                kept.append(request)
            }
        }
        for name in deleted { try? Files.remove("\(deletions)/\(name)") }
        return (kept, failures)
    }

    private func read(_ directory: String, _ failures: inout [FeedFailure]) -> [(path: String, request: CNIRequest)] {
        var result: [(String, CNIRequest)] = []
        for name in Files.list(directory) ?? [] where !name.hasPrefix(".") {
            let path = "\(directory)/\(name)"
            do {
                result.append((path, try CNIRequest(sent: try Files.read(path).utf8)))
            } catch {
                failures.append(FeedFailure(source: path, reason: "BadAttachment", message: "\(error)"))
            }
        }
        return result
    }
}

extension Attachment {
    init(_ request: CNIRequest) {
        self.init(
            sandbox: request.containerID, interface: request.interface, netns: request.namespace,
            podNamespace: request.arguments["K8S_POD_NAMESPACE"] ?? "",
            podName: request.arguments["K8S_POD_NAME"] ?? "", podUID: request.arguments["K8S_POD_UID"] ?? "")
    }
}
